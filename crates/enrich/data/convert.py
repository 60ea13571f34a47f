#!/usr/bin/env python3
"""Convert the upstream lists into the tables of this folder. README.md says where the lists come from.

    convert.py UAP_CORE CRAWLER_USER_AGENTS_JSON

UAP_CORE is the folder of that name in the package of the Rust crate `ua-parser`. Each table has one pattern a line, in upstream's order, because the first match wins. The columns, separated by tabs:

1. texts, separated by `|`, in small letters: a user agent that holds none of them cannot match. Empty: always try the pattern.
2. the pattern.
3. and so on: the fields of the table, see the module that reads it.

The texts of the first column are computed here, from the parsed pattern, so that the program need not.

`samples.tsv` is for the tests: a user agent, and the family and system that upstream's own tests expect, or `-`.
"""

import json
import pathlib
import re
import re._parser as parser
import sys

import yaml

HERE = pathlib.Path(__file__).parent
SHORTEST_TEXT = 3

# Patterns for applications in which people read: an in-app browser is no crawler.
NOT_CRAWLERS = {
    "MetaIAB Facebook",
    "Viber",
    "Bluesky\\/",
    "Sogou",
    "mail\\.ru",
    "Daum\\/",
}

# They feed language models, which upstream's tags do not say.
AI_CRAWLERS = {
    "Amazonbot",
    "Diffbot\\/",
    "ImagesiftBot",
    "meta-externalfetcher\\/",
    "omgili",
    "Timpibot",
    "webzio",
    "YouBot",
}

# The first tag that is listed here decides; a crawler without any is just a crawler.
REASONS = [
    ("ai-crawler", "ai_crawler"),
    ("browser-automation", "headless"),
    ("http-library", "http_library"),
    ("monitoring", "monitor"),
    ("social-preview", "preview"),
]


def needed_texts(pattern):
    """The texts of which every match holds at least one, or nothing if there is no such set."""
    return best(parser.parse(pattern)) or []


def best(tokens):
    """Of the sets that a sequence offers, the one whose shortest text is longest."""
    offers, run = [], ""
    for operation, argument in tokens:
        if operation is parser.LITERAL and chr(argument).isascii():
            run += chr(argument).lower()
            continue
        letter = single_letter(operation, argument)
        if letter:
            run += letter
            continue
        offers.append([run])
        run = ""
        if operation is parser.SUBPATTERN:
            offers.append(best(argument[3]))
        elif operation is parser.BRANCH:
            arms = [best(arm) for arm in argument[1]]
            offers.append(sum(arms, []) if all(arms) else None)
        elif operation in (parser.MAX_REPEAT, parser.MIN_REPEAT) and argument[0] > 0:
            offers.append(best(argument[2]))
    offers.append([run])
    good = [offer for offer in offers if offer and min(map(len, offer)) >= SHORTEST_TEXT]
    return max(good, key=lambda offer: (min(map(len, offer)), -len(offer)), default=None)


def single_letter(operation, argument):
    """`[cC]` is one letter once case is ignored."""
    if operation is not parser.IN:
        return None
    letters = {chr(code).lower() for kind, code in argument if kind is parser.LITERAL}
    only_literals = all(kind is parser.LITERAL for kind, _ in argument)
    return letters.pop() if only_literals and len(letters) == 1 else None


def narrowed(pattern):
    """ASCII classes and open repetitions: the same matches on user agents, from a fraction of the memory."""
    pattern = re.sub(r"(?<!\\)((?:\\\\)*)\\d", r"\1[0-9]", pattern)
    pattern = re.sub(r"(?<!\\)((?:\\\\)*)\\w", r"\1[A-Za-z0-9_]", pattern)
    pattern = re.sub(r"(?<!\\)((?:\\\\)*)\\b", r"\1(?-u:\\b)", pattern)
    pattern = re.sub(r"\{0,\d{2,}\}", "*", pattern)
    return re.sub(r"\{1,\d{2,}\}", "+", pattern)


def write(name, rows):
    lines = []
    for pattern, *fields in rows:
        texts = sorted(set(needed_texts(pattern)))
        cells = ["|".join(texts), narrowed(pattern), *(field or "" for field in fields)]
        assert not any("|" in text for text in texts), pattern
        assert not any("\t" in cell or "\n" in cell for cell in cells), pattern
        lines.append("\t".join(cells) + "\n")
    (HERE / name).write_text("".join(lines))


def crawler_name(pattern):
    """The name as people write it: the pattern without its punctuation."""
    name = re.sub(r"\[(\w)(\w)\]", lambda pair: max(pair[1], pair[2], key=str.isupper), pattern)
    return re.sub(r"[\\^]|/$|\[\\?s\\?S\]\*.*", "", name.replace("\\/", "/")).strip("/ ")


def crawler_row(entry):
    pattern = entry["pattern"]
    tags = {*entry.get("tags", []), *(["ai-crawler"] if pattern in AI_CRAWLERS else [])}
    reason = next((reason for tag, reason in REASONS if tag in tags), "crawler")
    return pattern, reason, crawler_name(pattern)


def samples(tests):
    """Every user agent of upstream's tests of systems, and every third of its longer tests of browsers."""
    browsers, systems = (cases(tests / name) for name in ("test_ua.yaml", "test_os.yaml"))
    chosen = dict.fromkeys([*systems, *list(browsers)[::3]])
    rows = ("\t".join([agent, browsers.get(agent, "-"), systems.get(agent, "-")]) for agent in chosen)
    (HERE / "samples.tsv").write_text("".join(row + "\n" for row in rows if row.count("\t") == 2))


def cases(path):
    return {case["user_agent_string"]: case["family"] for case in yaml.safe_load(path.read_text())["test_cases"]}


def main(core, crawlers):
    core = pathlib.Path(core)
    samples(core / "tests")
    lists = yaml.safe_load((core / "regexes.yaml").read_text())
    browser = ("family_replacement", "v1_replacement", "v2_replacement")
    system = ("os_replacement", "os_v1_replacement", "os_v2_replacement")
    write("browsers.tsv", ([row["regex"], *map(row.get, browser)] for row in lists["user_agent_parsers"]))
    write("systems.tsv", ([row["regex"], *map(row.get, system)] for row in lists["os_parsers"]))
    entries = json.loads(pathlib.Path(crawlers).read_text())
    write("crawlers.tsv", (crawler_row(entry) for entry in entries if entry["pattern"] not in NOT_CRAWLERS))


if __name__ == "__main__":
    main(*sys.argv[1:])
