"""Names by lists and by the words around them: a cue ("Ministry of ...", "President ..."), a verb ("... said")."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from harness.model.gazetteer import WORD, Gazetteer

# No name has more capitalised words in a row; longer runs (headings in capitals) are cut here.
_LONGEST_RUN = 8
_OF = ("of", "for", "on", "and", "the", "&", "de", "in", "against")
_ARTICLED = frozenset({"ORG", "LOC", "FAC", "EVENT", "LAW"})
# Names of places that carry their article: "the Caucasus", "the Gulf of Mexico".
_LOC_THE = re.compile(
    r"(?:.*\b(?:Sea|Ocean|River|Mountains|Islands|Gulf|Peninsula|Strait|Desert|Coast|Valley|Canal|Alps|Andes|Urals"
    r"|Himalayas|Rockies|Balkans|Caucasus|Baltics|East|West|Sahara|Sahel|Levant|Maghreb|Caribbean|Mediterranean"
    r"|Atlantic|Pacific|Arctic|Midwest|Bank|Heights|Lakes|Area|World|South|North|Nile|Danube|Rhine|Volga|Thames|Amazon"
    r"|Carpathians|Pyrenees|Steppe|Delta|Basin|Channel|Plains|Hills|Archipelago|Bay)"
    r"|(?:Gulf|Bay|Strait|Sea|Horn|Cape|Isle) of .*)$"
)
_ACRONYM = re.compile(r"[A-Z](?:[A-Z&]{1,5})(?:-[A-Z]+)?$")
_INITIAL = re.compile(r"[A-Z]$")
_DOMAIN = re.compile(r"[\w-]{2,40}\.(?:com|org|net|ru|ua|uk|de|fr|info|tv|io|eu|us|news|gov|edu)$")
_CREDIT = re.compile(r"(?:Photo|Photos|Source|Sources|Credit|Image|Video|Picture|Via|Courtesy)\s?(?:by|of)?\s?[:/]\s?$")
_LANGUAGE_BEFORE = re.compile(
    r"\b(?:in|into|speaks?|speaking|spoke|spoken|learn|learning|learned|study|studying|teach|teaches|taught|fluent\sin"
    r"|translated\sinto|translate|understand|wrote\sin)\s$"
)
_LANGUAGE_AFTER = re.compile(r"\s?(?:-speaking|-language|\slanguages?\b|\sdialects?\b|\stranslations?\b|\slessons?\b)")
_APPOSITION = re.compile(r",\s(?:(?:an?|the|chief|head|senior|former|deputy|co-)\s[^,.\n]{2,60}|aged\s\d|\d\d\b|who\b)")
# Words that a full stop may end, as part of the name.
_WITH_STOP = frozenset({"Inc", "Corp", "Co", "Ltd", "Jr", "Sr"})
# What a new sentence or quotation follows.
_STARTS = frozenset('\n.!?:;"“')
# The last word of a name, in the order in which the lists are asked.
_LAST = (
    ("law_cue", "LAW"),
    ("event_cue", "EVENT"),
    ("fac_cue", "FAC"),
    ("loc_cue", "LOC"),
    ("gpe_cue", "GPE"),
)


class _Word(NamedTuple):
    """A word of the text: where it is, and whether it may belong to a name."""

    start: int
    end: int
    text: str
    capital: bool
    first: bool  # begins a sentence, a line or a quotation


class Find(NamedTuple):
    """A candidate entity."""

    start: int
    end: int
    label: str


class NameSearch:
    """The search for names in one text.

    Args:
        text: The text.
        gazetteer: The lists of names and cue words.
    """

    def __init__(self, text: str, gazetteer: Gazetteer) -> None:
        self.text = text
        self.lists = gazetteer
        self.cues = gazetteer.words
        self.words = list(self._split())
        self.finds: list[Find] = []
        self.surnames: set[str] = set()
        self.unlabelled: list[tuple[int, int]] = []

    def find(self) -> list[Find]:
        """Every name, left to right; then the surnames of people named in full elsewhere in the text."""
        at = 0
        while at < len(self.words):
            at = self._step(at) if self.words[at].capital else at + 1
        for start, stop in self.unlabelled:
            if self.words[stop - 1].text in self.surnames:
                self._add(start, stop, "PERSON")
        return self.finds

    def _split(self) -> Iterator[_Word]:
        previous_end = 0
        for match in WORD.finditer(self.text):
            start, end = match.span()
            between = self.text[max(previous_end, start - 12) : start]
            first = previous_end == 0 or (between != " " and not _STARTS.isdisjoint(between))
            if first and between == ". " and self._abbreviated(previous_end):
                first = False
            word = match[0]
            capital = word[0].isupper() or (not word.islower() and word in self.lists.longest)
            yield _Word(start, end, word, capital or (word[0].isdigit() and bool(_DOMAIN.match(word))), first)
            previous_end = end

    def _abbreviated(self, end: int) -> bool:
        """Whether the full stop at `end` ends an abbreviation and no sentence."""
        before = WORD.findall(self.text[max(0, end - 8) : end])
        return bool(before) and (before[-1] in self.cues["dotted"] or bool(_INITIAL.match(before[-1])))

    def _joined(self, left: int, right: int) -> bool:
        """Whether two neighbouring words may belong to one name: a blank between them, or an abbreviation's stop."""
        first = self.words[left]
        gap = self.text[first.end : self.words[right].start]
        if gap in (" ", "\u00a0"):
            return True
        return gap == ". " and (first.text in self.cues["dotted"] or bool(_INITIAL.match(first.text)))

    def _listed(self, at: int) -> tuple[int, str] | None:
        """The longest listed name that begins at a word: where it stops, and its label."""
        longest = self.lists.longest.get(self.words[at].text, 0)
        if not longest:
            return None
        if longest == 1:
            name = self.words[at].text
            label = self.lists.labels.get(name)
            sure = label is not None and (name not in self.lists.unsure or self._placed(at, at + 1))
            return (at + 1, label) if label is not None and sure else None
        reach = at + 1
        while reach < len(self.words) and reach - at < longest and self._joined(reach - 1, reach):
            reach += 1
        for stop in range(reach, at, -1):
            name = " ".join(word.text for word in self.words[at:stop])
            label = self.lists.labels.get(name)
            if label is not None and (name not in self.lists.unsure or self._placed(at, stop)):
                return stop, label
        return None

    def _placed(self, start: int, stop: int) -> bool:
        """Whether the words around say that an ambiguous name is a place."""
        before = self.words[start - 1].text.lower() if start else ""
        if before in self.cues["where"] and self._joined(start - 1, start):
            return not (stop < len(self.words) and self.words[stop].capital and self._joined(stop - 1, stop))
        if stop < len(self.words) and self.text[self.words[stop - 1].end : self.words[stop].start] == ", ":
            return self.lists.labels.get(self.words[stop].text) == "GPE"
        return False

    def _step(self, at: int) -> int:
        """Deals with the capitalised word at an index; returns the index to go on from."""
        word = self.words[at]
        listed = self._listed(at)
        if word.text in self.cues["title"] and (listed is None or listed[0] == at + 1):
            after = self._titled(at)
            if after:
                return after
        if word.text in self.cues["stop"] and (listed is None or listed[0] == at + 1):
            return at + 1
        stop = self._run(at)
        # A list knows the whole run: no cue inside it knows better ("World War II", "New York Times").
        if listed is None or listed[0] < stop:
            found = self._organisation(at, stop) or self._cued(at, stop) or self._person(at, stop)
        else:
            found = self._organisation(at, stop) if self._linked(stop) else self._person(at, stop)
        if found:
            return found
        if listed is not None:
            self._add(at, listed[0], self._reading(at, *listed))
            return listed[0]
        return self._unlisted(at, stop)

    def _run(self, at: int) -> int:
        """Where the capitalised words that begin at an index stop: before a title, a stop word or a gap."""
        stop = at + 1
        while (
            stop < len(self.words)
            and stop - at < _LONGEST_RUN
            and self.words[stop].capital
            and self._joined(stop - 1, stop)
            and not (
                self.words[stop].text in self.cues["title_whole"] or self.words[stop].text in self.cues["before_title"]
            )
        ):
            stop += 1
        return stop

    def _titled(self, at: int) -> int:
        """A person after one or more titles ("Deputy Chairman Ann Lee", "Mr. Lee"); 0 if there is none."""
        stop, whole = at, False
        while (
            stop < len(self.words)
            and self.words[stop].text in self.cues["title"]
            and (stop == at or self._joined_title(stop - 1))
            and stop - at < _LONGEST_RUN
        ):
            whole = whole or self.words[stop].text in self.cues["title_whole"]
            stop += 1
        if not whole or stop >= len(self.words) or not self.words[stop].capital or not self._joined_title(stop - 1):
            return 0
        end = self._person_end(stop)
        if self.words[end - 1].text in self.cues["org_cue"] or self.words[stop].text in self.cues["stop"]:
            return 0
        listed = self._listed(stop)
        if listed is not None and listed[0] >= end and listed[1] in ("GPE", "NORP", "ORG", "LOC"):
            return 0
        self._add_person(stop, end)
        return end

    def _joined_title(self, left: int) -> bool:
        gap = self.text[self.words[left].end : self.words[left + 1].start]
        return gap in (" ", ". ", "\u00a0")

    def _person_end(self, at: int) -> int:
        """Where a person's name that begins at an index stops: capitalised words, with particles between them."""
        stop = at + 1
        while stop < len(self.words) and stop - at < 5 and self._joined(stop - 1, stop):
            word = self.words[stop]
            if word.capital and word.text not in self.cues["stop"] and word.text not in self.cues["title_whole"]:
                stop += 1
            elif (
                word.text in self.cues["particle"]
                and stop + 1 < len(self.words)
                and self.words[stop + 1].capital
                and self._joined(stop, stop + 1)
            ):
                stop += 2
            else:
                break
        return stop

    def _organisation(self, at: int, stop: int) -> int:
        """A name with an organisation's cue word, and what follows it after `of` or `for`; 0 if it is none."""
        cue = next((i for i in range(stop - 1, at - 1, -1) if self.words[i].text in self.cues["org_cue"]), None)
        if cue is None:
            return 0
        last = self.words[cue].text
        linked = self._linked(cue + 1)
        if linked:
            # "the Ministry of Defence and Finance": what follows `of` is part of the name.
            self._add(at, linked, "ORG")
            return linked
        if cue == at or (last in self.cues["weak_cue"] and cue + 1 < stop):
            return 0
        if (
            all(word.text in self.cues["org_cue"] for word in self.words[at : cue + 1])
            and last in self.cues["weak_cue"]
        ):
            return 0
        self._add(at, cue + 1, "ORG")
        return cue + 1

    def _linked(self, at: int) -> int:
        """Where a name goes on to after `of`, `for` or `on` at an index ("of Health and Human Services"); 0 if not."""
        if at >= len(self.words) or self.words[at].text not in ("of", "for", "on") or not self._joined(at - 1, at):
            return 0
        end, stop = 0, at
        while stop < len(self.words) and stop - at < 2 * _LONGEST_RUN and self._joined(stop - 1, stop):
            word = self.words[stop]
            if word.capital and word.text not in self.cues["title_whole"] and word.text not in self.cues["stop"]:
                end = stop + 1
            elif not self._links(stop, first=stop == at):
                break
            stop += 1
        return end

    def _links(self, at: int, first: bool) -> bool:
        """Whether a small word at an index may stand inside an organisation's name; `the` only after another."""
        text = self.words[at].text
        if text not in _OF or not (first or self.words[at - 1].capital or text == "the"):
            return False
        return text != "and" or self._goes_on(at + 1)

    def _goes_on(self, at: int) -> bool:
        """Whether `and` before an index joins two halves of one name: what follows is no name of its own."""
        if at >= len(self.words) or not self.words[at].capital:
            return False
        listed = self._listed(at)
        stop = self._run(at)
        follows = self.words[stop - 1].text in self.cues["org_cue"]
        return (listed is None and not follows) or self.words[stop - 1].text in ("Services", "Prevention", "Investment")

    def _cued(self, at: int, stop: int) -> int:
        """A name told by its first or last word ("Lake Geneva", "Crimean Peninsula", "World Cup"); 0 if it is none."""
        first = self.words[at].text
        if stop - at >= 2 and first in self.cues["event_before"]:
            self._add(at, stop, "EVENT")
            return stop
        if stop - at >= 2 and first in self.cues["loc_before"]:
            self._add(at, stop, "LOC")
            return stop
        if first in (self.cues["loc_before"] | self.cues["event_before"]) and self._linked(at + 1):
            stop = self._linked(at + 1)
            self._add(at, stop, "EVENT" if first in self.cues["event_before"] else "LOC")
            return stop
        for end in range(stop, at + 1, -1):
            last = self.words[end - 1].text
            for section, label in _LAST:
                if last in self.cues[section]:
                    self._add(at, end, label)
                    return end
        return 0

    def _person(self, at: int, stop: int) -> int:
        """A person told by a given name, a role, a verb of speech or an apposition; 0 if it is none."""
        word = self.words[at]
        end = self._person_end(at)
        listed = self._listed(at)
        if listed is not None and listed[1] in ("GPE", "NORP", "LOC", "ORG") and listed[0] >= end:
            return 0
        before = self.words[at - 1].text.lower() if at and self._joined(at - 1, at) else ""
        known = word.text in self.cues["given"]
        if known and end - at <= 4:
            if end - at == 1 and word.first and self._next(end) not in self.cues["speech"] and listed is not None:
                return 0
            self._add_person(at, end)
            return end
        if listed is not None or end - at > 4 or _ACRONYM.match(word.text):
            return 0
        told = (
            (before in self.cues["role"] and not word.first)
            or self._next(end) in self.cues["speech"]
            or (before in self.cues["speech"] and self._after_quote(at - 1))
            or (end - at >= 2 and self._described(end))
        )
        if not told or any(self.words[i].text in self.cues["org_cue"] for i in range(at, end)):
            return 0
        if end - at == 1 and (word.text in self.cues["not_org"] or len(word.text) < 3):
            return 0
        self._add_person(at, end)
        return end

    def _next(self, at: int) -> str:
        """The word at an index if it follows its predecessor directly, else nothing."""
        return self.words[at].text if at < len(self.words) and self._joined(at - 1, at) else ""

    def _after_quote(self, at: int) -> bool:
        """Whether the word at an index follows a quotation or a clause: `..., said Ann Lee`."""
        before = self.text[max(0, self.words[at].start - 2) : self.words[at].start]
        return bool(before.strip()) or at == 0

    def _described(self, end: int) -> bool:
        """Whether an apposition follows that says what the person is ("..., a lawyer who ...")."""
        after = self.text[self.words[end - 1].end :][:90]
        match = _APPOSITION.match(after)
        if match is None:
            return False
        said = match[0].lower()
        return (
            said.startswith((", who", ", aged"))
            or said[2:4].isdigit()
            or any(word in self.cues["role"] for word in WORD.findall(said))
        )

    def _reading(self, at: int, stop: int, label: str) -> str:
        """The label of a listed name, given the words around it."""
        start, end = self.words[at].start, self.words[stop - 1].end
        name = self.text[start:end]
        if name in self.lists.tongues:
            after, before = self.text[end : end + 16], self.text[max(0, start - 20) : start]
            follows = stop < len(self.words) and self._joined(stop - 1, stop)
            if _LANGUAGE_AFTER.match(after) or (_LANGUAGE_BEFORE.search(before) and not follows):
                return "LANGUAGE"
        if label == "LOC" and self._next(stop) in ("Airport", "Airlines"):
            return "ORG"
        return label

    def _unlisted(self, at: int, stop: int) -> int:
        """A name on no list and beside no cue: read from its shape and the nouns around it, or kept for later."""
        word = self.words[at]
        # A known name may begin further on ("Former Soviet Union"): leave it to the next step.
        stop = next(
            (i for i in range(at + 1, stop) if self._listed(i) or self.words[i].text in self.cues["title"]), stop
        )
        start, end = word.start, self.words[stop - 1].end
        before, after = self.text[max(0, start - 24) : start], self._next(stop)
        single = stop - at == 1
        if _CREDIT.search(before) and (single or _DOMAIN.match(word.text)):
            self._add(at, stop, "ORG")
        elif single and word.text in self.cues["not_org"]:
            pass
        elif (
            after in self.cues["place_noun"]
            or self._described_place(end)
            or re.search(
                r"\b(?:city|town|village|capital|province|state|port|suburb|settlement|district)\sof\s$", before
            )
        ):
            self._add(at, stop, "GPE")
        elif after in self.cues["region_noun"] and not word.first:
            self._add(at, stop, "LOC")
        elif single and _ACRONYM.match(word.text) and not self._shouted():
            self._add(at, stop, "ORG")
        else:
            self.unlabelled.append((at, stop))
        return stop

    def _described_place(self, end: int) -> bool:
        """Whether an apposition follows that says it is a place (", a small village on ...")."""
        article = re.match(r",\s(?:an?|the)\s", self.text[end : end + 7])
        if article is None:
            return False
        clause = re.split("[^\\w\\s-]", self.text[end + article.end() : end + 80], maxsplit=1)[0]
        for word in clause.split()[:5]:
            if word in self.cues["place_noun"]:
                return True
            # What comes after a preposition is another noun: "a man from the village".
            if word in self.cues["where"] or word in ("who", "with", "by", "on", "for"):
                return False
        return False

    @cached_property
    def _capitals(self) -> float:
        letters = [c for c in self.text[:2000] if c.isalpha()]
        return sum(c.isupper() for c in letters) / len(letters) if letters else 0.0

    def _shouted(self) -> bool:
        """Whether the text is in capitals, which then say nothing."""
        return self._capitals > 0.5

    def _add_person(self, at: int, stop: int) -> None:
        self._add(at, stop, "PERSON")
        if stop - at >= 2:
            self.surnames.add(self.words[stop - 1].text)

    def _add(self, at: int, stop: int, label: str) -> None:
        """Keeps a find, with the stop of an abbreviation that ends it and the article that belongs to it."""
        start, end = self.words[at].start, self.words[stop - 1].end
        name = self.text[start:end]
        shortened = re.search(r"\b[A-Z]\.[A-Z]$", name) or self.words[stop - 1].text in _WITH_STOP
        if shortened and self.text[end : end + 1] == ".":
            end += 1
        article = at > 0 and self.words[at - 1].text in ("the", "The", "THE") and self._joined(at - 1, at)
        if article and self._article_belongs(name, stop, label):
            start = self.words[at - 1].start
        self.finds.append(Find(start, end, label))

    def _article_belongs(self, name: str, stop: int, label: str) -> bool:
        """Whether `the` before a name is the name's own: not where the name only modifies a common noun."""
        following = self._next(stop)
        if following in self.cues["head_noun"] or following in self.cues["title"]:
            return False
        key = " ".join(WORD.findall(name))
        if label == "GPE":
            return key in self.cues["gpe_the"]
        if label == "LOC":
            return bool(_LOC_THE.match(name))
        if label not in _ARTICLED:
            return False
        return not (label == "ORG" and " " not in key and key not in self.cues["org_the"] and not key.isupper())
