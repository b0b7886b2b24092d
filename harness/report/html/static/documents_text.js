"use strict";
/* Texts, names and marks as elements. Texts enter the page as text nodes alone. Offsets count code points. */
const documentsText = (() => {
  const make = (tag, name, ...children) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };

  /* Names and labels on one line, with what could act on the text around them as its escape. */
  const visible = (text) =>
    String(text).replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}]/gu, (found) => {
      const code = found.codePointAt(0);
      const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
      if (code === 0x200c || code === 0x200d) return found;
      if (short) return short;
      const hex = code.toString(16);
      if (code < 0x100) return "\\x" + hex.padStart(2, "0");
      return code < 0x10000 ? "\\u" + hex.padStart(4, "0") : "\\U" + hex.padStart(8, "0");
    });
  const bdi = (text, name) => make("bdi", name, visible(text));

  /* A text by code points, which are not what strings are cut by where it has any beyond the basic plane. */
  class CodePoints {
    constructor(text) {
      this.text = text;
      this.places = null;
      if (/[\ud800-\udfff]/.test(text)) {
        this.places = [];
        let at = 0;
        for (const character of text) {
          this.places.push(at);
          at += character.length;
        }
        this.places.push(at);
      }
      this.length = this.places ? this.places.length - 1 : text.length;
    }
    slice(start, end) {
      const places = this.places;
      if (!places) return this.text.slice(start, end);
      return this.text.slice(places[Math.min(start, this.length)], places[Math.min(end, this.length)]);
    }
  }

  /* Which line of several above or below the text each mark has: the shorter a mark, the nearer. */
  const lanesOf = (marks) => {
    const taken = [];
    const bySize = marks.map((mark, number) => number);
    bySize.sort((one, other) => marks[one].end - marks[one].start - (marks[other].end - marks[other].start) || one - other);
    for (const number of bySize) {
      const mark = marks[number];
      let lane = 0;
      while ((taken[lane] || []).some((other) => other.start < mark.end && mark.start < other.end)) lane += 1;
      (taken[lane] = taken[lane] || []).push(mark);
      mark.lane = lane;
    }
    return taken.length;
  };

  /* A stretch of text with marks: {start, end, stretches, name, tag, title}; they may nest, cross and have gaps. */
  const marked = (text, start, end, marks) => {
    const element = make("p", "doc-text");
    element.dir = "auto";
    const lanes = lanesOf(marks);
    if (lanes > 1) element.classList.add("doc-lanes-" + Math.min(lanes, 6));
    const cuts = new Set([start, end]);
    const begins = new Map();
    for (const mark of marks) {
      for (const [first, last] of mark.stretches) {
        cuts.add(first).add(last);
        begins.set(first, [...(begins.get(first) || []), { mark, last }]);
      }
    }
    const ordered = [...cuts].sort((one, other) => one - other);
    let open = [];
    ordered.forEach((cut, number) => {
      const next = ordered[number + 1];
      open = open.filter((one) => one.last > cut).concat(begins.get(cut) || []);
      if (next === undefined) return;
      let node = document.createTextNode(text.slice(cut, next));
      for (const { mark } of [...open].sort((one, other) => one.mark.lane - other.mark.lane)) {
        const span = make("span", `doc-mark ${mark.name} doc-lane-${Math.min(mark.lane, 5)}`, node);
        if (mark.title) span.title = mark.title;
        if (next === mark.end && mark.tag) span.dataset.tag = mark.tag;
        node = span;
      }
      element.append(node);
    });
    return element;
  };

  return { make, visible, bdi, CodePoints, marked };
})();
