"""Invented persons of several peoples, as rows to link: names that many spell in several ways, two family names, names in another order.

    python3 scripts/bench/peoples.py arabic|spanish|vietnamese|russian|english|mixed PERSONS SEED > rows.csv

The columns are those of `cargo run -p clear-testkit --example invent`, the truth is `person_id`. A person has a usual spelling of each name,
kept two times out of three. English names are drawn from the census's lists of 1990 in the folder NAMES. docs/performance.md says how each
set is linked.
"""

import csv
import itertools
import os
import random
import string
import sys

# Spellings of one name, the usual first; and how often the name is met.
ARABIC_MEN = [("MOHAMMED MUHAMMAD MOHAMED MOHAMMAD MUHAMMED MOHAMAD MOHD", 30), ("AHMED AHMAD AHMET", 14), ("ALI ALY", 12),
              ("HUSSEIN HUSSAIN HOSSEIN HUSAYN HUSEYIN", 8), ("HASSAN HASAN HASSEN", 8), ("OMAR UMAR OMER", 7),
              ("IBRAHIM EBRAHIM IBRAHEEM", 6), ("YOUSEF YUSUF YOUSSEF YUSEF JOSEPH YOUSUF", 6), ("MUSTAFA MOSTAFA MUSTAPHA", 5),
              ("KHALID KHALED", 5), ("ABDULLAH ABDALLAH ABDULLA", 6), ("MAHMOUD MAHMUD MAHMOOD", 4), ("SAID SAEED SAYED SAYEED", 4),
              ("TARIQ TAREK TAREQ TARIK", 3), ("JAMAL GAMAL JEMAL", 3), ("KARIM KAREEM", 3), ("RASHID RACHID RASHEED", 2)]
ARABIC_WOMEN = [("FATIMA FATMA FATIMAH FATEMA", 14), ("AISHA AYESHA AICHA AYSHA AISHAH", 10), ("MARYAM MIRIAM MARIAM MERIEM", 9),
                ("KHADIJA KHADIJAH KADIJA", 6), ("ZAINAB ZEINAB ZAYNAB ZENAB", 6), ("NOUR NOOR NUR", 5), ("LAYLA LEILA LAILA LEYLA", 5),
                ("SARA SARAH", 5), ("AMINA AMINAH AMEENA", 4), ("YASMIN YASMEEN JASMIN YASMINE", 4), ("HALIMA HALEEMA HALIMAH", 3)]
ARABIC_FAMILIES = [("HUSSEIN HUSSAIN HOSSAIN HUSAIN", 12), ("AHMED AHMAD", 12), ("ALI ALY", 12), ("KHAN KHAAN", 12),
                   ("MOHAMED MOHAMMED MUHAMMAD MOHAMMAD", 12), ("HASSAN HASAN", 10), ("IBRAHIM EBRAHIM", 6), ("OSMAN USMAN OTHMAN UTHMAN", 5),
                   ("SALEH SALIH SALAH", 5), ("SHAIKH SHEIKH SHEIK SHAYKH", 6), ("RAHMAN REHMAN RAHMAAN", 6), ("MALIK MALEK MALICK", 5),
                   ("QURESHI KURESHI QURAISHI", 3), ("SIDDIQUI SIDDIQI SIDIQI SIDDIQUE", 4),
                   ("CHAUDHRY CHOUDHURY CHOWDHURY CHAUDHARY CHOUDHRY CHAUDHRI", 5), ("MANSOUR MANSUR MANSOOR", 3), ("KHALIL KHALEEL", 3),
                   ("NASSER NASIR NASSIR", 3), ("HAMID HAMEED", 3), ("MUSTAFA MOUSTAFA", 2), ("FAROOQ FARUQ FAROUK", 3)]
RUSSIAN_MEN = [("ALEXANDER ALEKSANDR ALEKSANDER", 14), ("SERGEI SERGEY SERGUEI", 10), ("DMITRY DMITRI DIMITRI DMITRIY", 9), ("ANDREI ANDREY", 9),
               ("ALEXEI ALEKSEY ALEXEY ALEKSEI", 7), ("MIKHAIL MICHAIL", 6), ("YURI YURIY IOURI YURY", 6),
               ("EVGENY YEVGENY EVGENII EUGENE", 6), ("NIKOLAI NIKOLAY", 5), ("VLADIMIR WLADIMIR VOLODYMYR", 8), ("IGOR IHOR", 5)]
RUSSIAN_WOMEN = [("ELENA YELENA OLENA", 12), ("OLGA OLHA", 9), ("NATALIA NATALYA NATALIYA", 10), ("TATIANA TATYANA TETIANA", 8),
                 ("IRINA IRYNA", 8), ("SVETLANA SVITLANA", 7), ("EKATERINA YEKATERINA KATERINA KATERYNA", 6), ("YULIA JULIA IULIIA YULIYA", 6),
                 ("ANNA HANNA", 5), ("MARIA MARIYA MARIIA", 5)]
RUSSIAN_FAMILIES = [("IVANOV IVANOFF", 8), ("PETROV PETROFF", 6), ("SIDOROV", 3), ("KUZNETSOV KUZNECOV KUZNETZOV", 5), ("POPOV POPOFF", 4),
                    ("VASILIEV VASILYEV VASSILIEV", 4), ("SMIRNOV SMIRNOFF", 6), ("MIKHAILOV MIHAILOV", 3), ("FEDOROV FYODOROV", 3),
                    ("SHEVCHENKO CHEVTCHENKO SHEVCENKO", 5), ("KOVALCHUK KOWALCHUK", 3), ("BONDARENKO", 3), ("TKACHENKO TKATCHENKO", 3),
                    ("ROMANOV ROMANOFF", 3), ("TSVETKOV CVETKOV", 2), ("YAKOVLEV JAKOVLEV IAKOVLEV", 2), ("ZAITSEV ZAYTSEV ZAITZEV", 3)]
SPANISH_MEN = "JOSE JUAN LUIS CARLOS MIGUEL JESUS JORGE FRANCISCO MANUEL PEDRO ANTONIO RAFAEL ALEJANDRO RICARDO FERNANDO ROBERTO EDUARDO"
SPANISH_WOMEN = "MARIA GUADALUPE JUANA MARGARITA ROSA ANA VERONICA LETICIA ELIZABETH PATRICIA ALICIA CARMEN YOLANDA TERESA CLAUDIA SILVIA"
SPANISH_FAMILIES = ("GARCIA HERNANDEZ MARTINEZ LOPEZ GONZALEZ RODRIGUEZ PEREZ SANCHEZ RAMIREZ FLORES TORRES RIVERA GOMEZ DIAZ REYES MORALES "
                    "CRUZ ORTIZ GUTIERREZ CHAVEZ RAMOS RUIZ MENDOZA ALVAREZ JIMENEZ CASTILLO ROMERO HERRERA MEDINA AGUILAR VARGAS")
VIETNAMESE_MEN = "MINH ANH TUAN HUNG DUNG HAI NAM LONG QUANG SON THANH DUC HOANG KHOA PHUC BINH TRUNG CUONG HIEU THANG"
VIETNAMESE_WOMEN = "LINH HUONG LAN THU HOA MAI NGOC PHUONG TRANG HANH THAO YEN NGA HA DUNG LOAN CHAU TUYET VAN KIM"
VIETNAMESE_FAMILIES = [("NGUYEN", 38), ("TRAN", 11), ("LE", 9), ("PHAM", 7), ("HUYNH HOANG", 5), ("PHAN", 4.5), ("VU VO", 4), ("DANG", 2),
                       ("BUI", 2), ("DO", 1.5), ("HO", 1.3), ("NGO", 1.3), ("DUONG", 1)]
VIETNAMESE_MIDDLE = {"M": "VAN VAN VAN VAN DUC HUU QUOC MINH", "F": "THI THI THI THI NGOC THANH KIM BICH"}
MIXED = ["english"] * 5 + ["arabic", "spanish", "spanish", "vietnamese", "russian"]
STREETS = [f"{name} {kind}" for name in "MAIN OAK ELM MAPLE CEDAR STATE LAKE PARK CLARK UNION WOOD GREEN MAY ADA".split() for kind in ("ST", "AVE", "BLVD")]


def falling(names):
    """Names by a falling share."""
    return [(name, 1 / (place + 3)) for place, name in enumerate(names.split())]


def census(name):
    """Names, and the sums of their shares so far."""
    with open(os.path.join(os.environ["NAMES"], name)) as lines:
        names, shares = zip(*(line.split()[:2] for line in lines))
    return names, list(itertools.accumulate(map(float, shares)))


class People:
    def __init__(self, kind, dice):
        self.kinds = MIXED if kind == "mixed" else [kind]
        self.dice = dice
        if "english" in self.kinds:
            self.english = {"M": census("dist.male.first"), "F": census("dist.female.first"), "": census("dist.all.last")}

    def drawn(self, names):
        values, shares = zip(*names)
        return self.dice.choices(values, shares)[0].split()

    def person(self):
        """Sex, people, the spellings of given and family name, the middle name."""
        dice, middle = self.dice, ""
        kind, sex = dice.choice(self.kinds), dice.choice("MF")
        if kind == "arabic":
            given, family = self.drawn(ARABIC_MEN if sex == "M" else ARABIC_WOMEN), self.drawn(ARABIC_FAMILIES)
        elif kind == "russian":
            given, family = self.drawn(RUSSIAN_MEN if sex == "M" else RUSSIAN_WOMEN), self.drawn(RUSSIAN_FAMILIES)
            family = [name + "A" if sex == "F" and name.endswith("V") else name for name in family]
        elif kind == "spanish":
            names = falling(SPANISH_MEN if sex == "M" else SPANISH_WOMEN)
            given = [" ".join(self.drawn(names) + (self.drawn(names) if dice.random() < 0.4 else []))]
            family = [" ".join(self.drawn(falling(SPANISH_FAMILIES)) + self.drawn(falling(SPANISH_FAMILIES)))]
        elif kind == "vietnamese":
            given = self.drawn(falling(VIETNAMESE_MEN if sex == "M" else VIETNAMESE_WOMEN))
            family, middle = self.drawn(VIETNAMESE_FAMILIES), dice.choice(VIETNAMESE_MIDDLE[sex].split())
        else:
            given, family = (self.dice.choices(names, cum_weights=sums) for names, sums in (self.english[sex], self.english[""]))
            middle = dice.choice("ABCDEFGHJKLMNPRSTW") if dice.random() < 0.6 else ""
        return sex, kind, given, family, middle

    def written(self, kind, given, family, middle):
        """How a clerk writes it."""
        dice = self.dice
        if kind == "spanish":
            first, second = family.split()
            family = dice.choices([family, first, second, f"{first}-{second}"], [40, 35, 7, 18])[0]
            given = given.split()[0] if dice.random() < 0.4 else given
        if kind == "vietnamese":
            how = dice.random()
            if how < 0.15:
                given, family = family, given
            elif how < 0.25:
                given, middle = f"{given} {middle}", ""
            if len(middle) > 1 and dice.random() < 0.5:
                middle = middle[0]
        if dice.random() < 0.06:
            given = self.slip(given)
        if dice.random() < 0.06:
            family = self.slip(family)
        return (family, given, middle) if dice.random() < 0.03 else (given, family, middle)

    def slip(self, name):
        at, letter = self.dice.randrange(len(name)), self.dice.choice(string.ascii_uppercase)
        left, right = name[:at], name[at + 1:]
        return self.dice.choice([left + letter + right, left + right, left + letter + name[at] + right, left + right[:1] + name[at] + right[1:]])

    def born(self, year, month, day):
        dice, how = self.dice, self.dice.random()
        if how < 0.03 and day <= 12:
            month, day = day, month
        elif how < 0.07:
            day = dice.randint(1, 28)
        elif how < 0.09:
            year += dice.choice((-1, 1, 10, -10))
        return "" if dice.random() < 0.05 else f"{year:04}-{month:02}-{day:02}"

    def home(self):
        return [str(self.dice.randint(1, 9999)), self.dice.choice(STREETS), f"606{self.dice.randint(1, 60):02}"]

    def phone(self):
        return str(self.dice.randint(3120000000, 7739999999))


def main():
    kind, persons, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    dice = random.Random(f"{kind} {seed}")
    people, rows = People(kind, dice), []
    # Two persons in each home, on average, who have nothing else in common.
    homes = [people.home() for _ in range(persons // 2)]
    for person in range(persons):
        sex, of, given, family, middle = people.person()
        usual = [dice.choices(names, [1 / (place + 1) for place in range(len(names))])[0] for names in (given, family)]
        birth = dice.randint(1940, 2006), dice.randint(1, 12), dice.randint(1, 28)
        home, phone, number, race = dice.choice(homes), people.phone(), f"{dice.randint(0, 9999):04}", dice.choice("WBIAH")
        for _ in range(8):
            home = people.home() if dice.random() < 0.25 else home
            phone = people.phone() if dice.random() < 0.2 else phone
            names = [dice.choice(names) if dice.random() < 0.35 else usual for names, usual in zip((given, family), usual)]
            first, last, between = people.written(of, *names, middle if dice.random() < 0.8 else "")
            rows.append([f"P{person:07}", first, between, last, "", people.born(*birth), sex if dice.random() < 0.98 else "",
                         race if dice.random() < 0.9 else dice.choice("WBIAH"), *home[:2], home[2] if dice.random() < 0.9 else "",
                         phone if dice.random() < 0.4 else "", number if dice.random() < 0.3 else ""])
            if dice.random() < 0.5:
                break
    dice.shuffle(rows)
    out = csv.writer(sys.stdout)
    out.writerow("rec_id person_id first_name middle_initial last_name suffix dob sex race street_no street zip phone ssn4".split())
    out.writerows([f"R{number:07}", *row] for number, row in enumerate(rows))


if __name__ == "__main__":
    main()
