"""Writes the made-up data that the documentation uses, next to this file. The same bytes every time.

180 people in six teams work together (colleagues.csv, with the number of shared projects) and have skills
(skills.csv). Three more arrive later (colleagues_later.csv, skills_later.csv). People borrow books (loans.csv) and
follow one another (follows.csv).
"""

import csv
import random
from pathlib import Path

HERE = Path(__file__).parent
FIRST = "ada ben cleo dan eva finn gina hugo ines jon kim leo mia ned ola pia quin rosa sam tess uma vic wes xia yara zoe abe bea cy dee".split()
PEOPLE = [f"{first}.{team}" for team in "abcdef" for first in FIRST]
LATER = ["nora.a", "otto.c", "vera.f"]


def team(person):
    return person[-1]


def write(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def skills_of(person, draw):
    """Ten skills are common in a team, ten others everywhere."""
    own = [f"{team(person)}{number}" for number in range(10)]
    shared = [f"any{number}" for number in range(10)]
    return [skill for skill in own if draw.random() < 0.3] + [skill for skill in shared if draw.random() < 0.12]


def main():
    draw = random.Random(1)
    sociable = {person: draw.choice([1, 1, 2, 4]) for person in PEOPLE + LATER}

    def work_together(people):
        pairs = []
        for at, one in enumerate(people):
            for other in people[:at]:
                chance = 0.14 if team(one) == team(other) else 0.003
                if draw.random() < chance * sociable[one] * sociable[other] / 2:
                    pairs.append((other, one, draw.choice([1, 1, 1, 2, 2, 3, 5])))
        return pairs

    colleagues = work_together(PEOPLE)
    skills = [(person, skill, 1) for person in PEOPLE for skill in skills_of(person, draw)]
    write("colleagues.csv", ["source", "target", "weight"], colleagues)
    write("skills.csv", ["node", "feature", "value"], skills)
    # nora has worked with two people so far; otto and vera have worked with nobody and are known by their skills alone.
    more = [("nora.a", "ada.a", 1), ("nora.a", "ben.a", 1)]
    write("colleagues_later.csv", ["source", "target", "weight"], colleagues + more)
    later = [(person, skill, 1) for person in LATER for skill in skills_of(person, draw)]
    write("skills_later.csv", ["node", "feature", "value"], skills + later)

    books = [f"book-{subject}{number}" for subject in "abcdef" for number in range(12)]
    readers = [f"reader-{person}" for person in PEOPLE[::3]]
    loans = [
        (reader, book)
        for reader in readers
        for book in books
        if draw.random() < (0.5 if reader[-1] == book[5] else 0.02)
    ]
    write("loans.csv", ["reader", "book"], loans)

    follows = []
    for at, one in enumerate(PEOPLE[:120]):
        for other in PEOPLE[:120]:
            chance = (0.08 if team(one) == team(other) else 0.008) * sociable[other]
            if one != other and draw.random() < chance:
                follows.append((one, other))
    write("follows.csv", ["from", "to"], follows)
    pairs = [("ada.a", "ben.a", "asked by Ada"), ("ada.a", "zoe.d", "asked by Zoe"), ("kim.b", "leo.b", "")]
    write("pairs.csv", ["source", "target", "why"], pairs)


if __name__ == "__main__":
    main()
