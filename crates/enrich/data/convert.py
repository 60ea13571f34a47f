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
SHORTEST_TEXT = 2

# What most visitors send. A text that is in these is a bad one to look for.
ORDINARY = [
    agent.lower()
    for agent in (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.7339.51 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    )
]

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
    """Of the sets that a sequence offers, the one that the fewest ordinary user agents meet; then the longest."""
    offers, run = [], ""
    for operation, argument in flat(tokens):
        letter = single_letter(operation, argument)
        if letter:
            run += letter
            continue
        offers.append([run])
        if operation is parser.BRANCH:
            # The parser moves what all arms begin with before the branch: put it back.
            arms = [list(flat(arm)) for arm in argument[1]]
            offers.append([run + beginning(arm) for arm in arms])
            within = [best(arm) for arm in arms]
            offers.append(sum(within, []) if all(within) else None)
        elif operation is parser.SUBPATTERN:
            offers.append(best(argument[3]))
        elif operation in (parser.MAX_REPEAT, parser.MIN_REPEAT) and argument[0] > 0:
            offers.append(best(argument[2]))
        run = ""
    offers.append([run])
    good = [offer for offer in offers if offer and min(map(len, offer)) >= SHORTEST_TEXT]
    return min(good, key=lambda offer: (commonness(offer), -min(map(len, offer)), len(offer)), default=None)


def commonness(texts):
    return sum(any(text in agent for text in texts) for agent in ORDINARY)


def flat(tokens):
    """The sequence with its plain groups opened up, so that a text may cross their borders."""
    for operation, argument in tokens:
        plain = operation is parser.SUBPATTERN and not argument[1] and not argument[2]
        yield from flat(argument[3]) if plain else [(operation, argument)]


def beginning(tokens):
    run = ""
    for operation, argument in tokens:
        letter = single_letter(operation, argument)
        if not letter:
            break
        run += letter
    return run


def single_letter(operation, argument):
    """A letter; `[cC]` is one too, once case is ignored."""
    if operation is parser.LITERAL and chr(argument).isascii():
        return chr(argument).lower()
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
