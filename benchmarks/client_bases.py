"""Client bases of any size, as a CRM exports them: 30 columns of contact, company and deal, filled
as far as the client's stage goes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from rustpy_xlsxwriter import FastExcel

FIRST = [
	"Александр",
	"Алексей",
	"Анатолий",
	"Андрей",
	"Антон",
	"Артём",
	"Борис",
	"Вадим",
	"Валерий",
	"Василий",
	"Виктор",
	"Виталий",
	"Владимир",
	"Геннадий",
	"Георгий",
	"Григорий",
	"Денис",
	"Дмитрий",
	"Евгений",
	"Егор",
	"Иван",
	"Игорь",
	"Илья",
	"Кирилл",
	"Константин",
	"Леонид",
	"Максим",
	"Михаил",
	"Никита",
	"Николай",
	"Олег",
	"Павел",
	"Пётр",
	"Роман",
	"Сергей",
	"Степан",
	"Фёдор",
	"Юрий",
	"Ярослав",
]
LAST = [
	"Абрамов",
	"Агафонов",
	"Аксёнов",
	"Андреев",
	"Антонов",
	"Афанасьев",
	"Баранов",
	"Беляев",
	"Беспалов",
	"Блинов",
	"Богданов",
	"Борисов",
	"Быков",
	"Виноградов",
	"Власов",
	"Волков",
	"Воробьёв",
	"Гаврилов",
	"Герасимов",
	"Голубев",
	"Горбунов",
	"Григорьев",
	"Громов",
	"Гусев",
	"Давыдов",
	"Данилов",
	"Денисов",
	"Дмитриев",
	"Дорофеев",
	"Егоров",
	"Ефимов",
	"Жуков",
	"Журавлёв",
	"Зайцев",
	"Захаров",
	"Зимин",
	"Зуев",
	"Иванов",
	"Игнатов",
	"Ильин",
	"Исаев",
	"Казаков",
	"Калинин",
	"Капустин",
	"Карпов",
	"Киселёв",
	"Ковалёв",
	"Козлов",
	"Колесников",
	"Комаров",
	"Кондратьев",
	"Коновалов",
	"Королёв",
	"Крылов",
	"Кудрявцев",
	"Кузнецов",
	"Куликов",
	"Лазарев",
	"Лебедев",
	"Логинов",
	"Макаров",
	"Максимов",
	"Марков",
	"Мартынов",
	"Матвеев",
	"Медведев",
	"Мельников",
	"Миронов",
	"Михайлов",
	"Моисеев",
	"Молчанов",
	"Морозов",
	"Назаров",
	"Некрасов",
	"Никитин",
	"Николаев",
	"Новиков",
	"Орлов",
	"Осипов",
	"Павлов",
	"Панов",
	"Петров",
	"Поляков",
	"Пономарёв",
	"Попов",
	"Прохоров",
	"Родионов",
	"Романов",
	"Савельев",
	"Семёнов",
	"Сергеев",
	"Сидоров",
	"Смирнов",
	"Соболев",
	"Соколов",
	"Соловьёв",
	"Сорокин",
	"Степанов",
	"Тарасов",
	"Тимофеев",
	"Титов",
	"Тихонов",
	"Третьяков",
	"Трофимов",
	"Ушаков",
	"Фадеев",
	"Филиппов",
	"Фомин",
	"Фролов",
	"Харитонов",
	"Чернов",
	"Шарапов",
	"Шевцов",
	"Широков",
	"Щербаков",
	"Юдин",
	"Яковлев",
]
SURNAMES = [
	root.removesuffix("ов").removesuffix("ев").removesuffix("ёв").removesuffix("ин") + ending
	for root in LAST
	for ending in ("ов", "ский", "енко", "ин", "ук", "ович", "цев", "ых", "аев", "айло", "иди", "ян")
]
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
TALKS = (
	"бюджет на квартал",
	"состав пакета услуг",
	"сроки поставки",
	"условия договора",
	"перенос сервера",
	"обучение команды",
	"отчёт за месяц",
)
DEALS = (
	"пришлём расчёт до пятницы",
	"встречаемся в офисе в среду",
	"ждут договор на согласование",
	"созвонимся после совещания",
	"тест на две недели",
)
STAGES = ("Новый", "MQL", "SQL", "Переговоры", "Клиент", "Отказ")
HEADINGS = (
	"Номер",
	"Дата",
	"Имя",
	"Отчество",
	"Фамилия",
	"Телефон",
	"Email",
	"Дополнительный email",
	"Дата рождения",
	"Должность",
	"ЛПР",
	"Информация о контакте",
	"Компания",
	"ИНН",
	"Регион",
	"Отрасль",
	"Сайт",
	"Категория",
	"Email компании",
	"Телефон компании",
	"Информация о компании",
	"Источник",
	"Ответственный",
	"Статус",
	"Услуга",
	"Сумма",
	"Тендер",
	"Причина отказа",
	"Последний контакт",
	"Комментарий",
)


def rows(count: int, seed: int = 1) -> Iterator[dict[str, object]]:
	"""`count` clients; one in a hundred is an earlier one in another spelling."""
	pick = random.Random(seed)
	began = date(2021, 1, 1)
	earlier: list[dict[str, object]] = []
	for number in range(1, count + 1):
		if earlier and number % 100 == 0:
			again = pick.choice(earlier)
			yield {
				**again,
				"Номер": number,
				"Имя": str(again["Имя"]).upper(),
				"Телефон": str(again["Телефон"]).replace("+7", "8"),
			}
			continue
		company = f"{pick.choice(LAST)} и партнёры {number % (count // 5 + 1)}"
		day = began + timedelta(days=pick.randrange(1300))
		phone = pick.randrange(10**9)
		stage = pick.choice(STAGES)
		talked = (
			f"Обсудили {pick.choice(TALKS)} и {pick.choice(TALKS)}, {pick.choice(DEALS)} по счёту {number}"
		)
		worked, sold = STAGES.index(stage) >= 2, stage == "Клиент"
		firm = number % (count // 5 + 1)
		mailbox = f"{pick.choice(SYLLABLES)}{pick.choice(SYLLABLES)}{pick.choice(SYLLABLES)}{number % 100}"
		cells: tuple[object, ...] = (
			number,
			day,
			pick.choice(FIRST),
			f"{pick.choice(FIRST)}ович",
			pick.choice(SURNAMES),
			f"+7 (9{phone // 10**7:02d}) {phone // 10**4 % 1000:03d}-{phone // 100 % 100:02d}-{phone % 100:02d}",
			f"{mailbox}@firma{firm}.ru",
			f"{mailbox}@mail.ru" if sold else None,
			date(1950, 1, 1) + timedelta(days=pick.randrange(19_000)),
			pick.choice(("Директор", "Маркетолог", "Закупщик", "Бухгалтер")),
			pick.choice(("Да", "Нет")),
			f"Пишет по утрам, знакомы с выставки {2015 + number % 9} года",
			f"ООО «{company}»",
			f"77{firm:08d}",
			pick.choice(("Москва", "Казань", "Пермь", "Омск", "Алматы")),
			pick.choice(("Розница", "Логистика", "Медицина", "Строительство")),
			f"https://www.firma{firm}.ru/",
			pick.choice("ABC"),
			f"office@firma{firm}.ru",
			f"+7 (495) {firm % 10**7:07d}",
			f"Работают с {1990 + number % 30} года, филиалов: {number % 9}",
			pick.choice(("Сайт", "Рекомендация", "Выставка", "Соцсети", "Реклама")),
			pick.choice(LAST[:20]),
			stage,
			pick.choice(("Медиаплан", "Креатив", "Аналитика")),
			float(pick.randrange(10_000, 900_000)) if worked else None,
			pick.choice(("Да", "Нет")) if worked else None,
			"Остались с прежним подрядчиком" if stage == "Отказ" else None,
			day + timedelta(days=pick.randrange(200)),
			talked if pick.random() < 0.8 else "перезвонить",
		)
		row = dict(zip(HEADINGS, cells, strict=True))
		if len(earlier) < 5000:
			earlier.append(row)
		yield row


def write(path: Path, count: int) -> None:
	"""An xlsx of `count` clients under `HEADINGS`."""
	FastExcel(str(path)).format(datetime_format="dd.mm.yyyy").sheet("Клиенты", rows(count)).save()
