/* Draws one document of one task. */
const documentsDrawing = (() => {
  const { make, visible, bdi, CodePoints, marked } = documentsText;

  /* ---- entities ---------------------------------------------------------------------------------------------- */

  const span = (values) => {
    const [start, end, label, parts] = values;
    const stretches = [];
    for (let at = 0; parts && at < parts.length; at += 2) stretches.push([parts[at], parts[at + 1]]);
    return { start, end, label, stretches: parts ? stretches : [[start, end]] };
  };

  const entityMarks = (shown, run, example) => {
    const [, gold] = shown.gold;
    const found = [];
    const wrong = new Set();
    for (const [kind, place, where, ...rest] of run ? run[0] : []) {
      if (place >= 0) wrong.add(place);
      if (where !== example) continue;
      const wanted = place < 0 ? null : span(gold[place].slice(1));
      found.push({ kind, gold: wanted, predicted: rest.length ? span(rest) : null });
    }
    gold.forEach(([where, ...rest], place) => {
      if (where === example && !wrong.has(place)) found.push({ kind: 0, gold: span(rest), predicted: span(rest) });
    });
    const start = (one) => (one.gold || one.predicted).start;
    return found.sort((one, other) => start(one) - start(other));
  };

  /* A tag cannot be broken; the whole label stands in the list and in the title. */
  const shortened = (label) => {
    const points = [...label];
    return points.length > 24 ? points.slice(0, 23).join("") + "…" : label;
  };

  const drawnMarks = (found, group) => {
    const drawn = [];
    for (const { kind, gold, predicted } of found) {
      const letter = group.kinds[kind][0];
      const label = (one) => visible(group.labels[one.label]);
      const tagged = (one) => shortened(label(one));
      const name = ` doc-kind-${letter}`;
      const title = `${group.kinds[kind][1]}: ` +
        [gold && `gold ${label(gold)}`, predicted && `predicted ${label(predicted)}`].filter(Boolean).join(", ");
      if (gold && predicted && (letter === "B" || letter === "X")) {
        // One label needs one tag, where the later of the two ends: inside the other it would break a word.
        const goldTag = letter === "X" ? `X gold ${tagged(gold)}` : gold.end > predicted.end ? `B ${tagged(gold)}` : "";
        const predictedTag = letter === "X" || !goldTag ? `${letter} ${tagged(predicted)}` : "";
        drawn.push({ ...gold, name: "doc-gold" + name, tag: goldTag, title });
        drawn.push({ ...predicted, name: "doc-predicted" + name, tag: predictedTag, title });
        continue;
      }
      const both = gold && predicted;
      const tag = both && letter === "L" ? `L ${tagged(gold)}≠${tagged(predicted)}` : `${letter} ${tagged(gold || predicted)}`;
      const side = both ? "doc-gold doc-predicted" : gold ? "doc-gold" : "doc-predicted";
      drawn.push({ ...(gold || predicted), name: side + name, tag, title });
    }
    return drawn;
  };

  const entityLine = ({ kind, gold, predicted }, shown, group) => {
    const [letter, name] = group.kinds[kind];
    const side = (title, one) => {
      const said = one.stretches.map(([start, end]) => shown.text && shown.text.slice(start, end)).join(" … ");
      const quoted = shown.text ? [" “", make("bdi", "", said), "”"] : [];
      const places = one.stretches.map(([start, end]) => `${start}–${end}`).join(", ");
      return [`${title} `, bdi(group.labels[one.label], "doc-label"), ...quoted, ` ${places}`];
    };
    const sides = [gold ? side("gold", gold) : [], predicted ? side("predicted", predicted) : []];
    const between = gold && predicted ? ["; "] : [];
    return make("li", `doc-kind-${letter}`, letterOf(letter, name), ...sides[0], ...between, ...sides[1]);
  };

  const letterOf = (letter, name) => {
    const element = make("b", `doc-letter doc-kind-${letter === "#" ? "D" : letter}`, letter);
    element.title = name;
    return element;
  };

  const entityCell = (shown, run, side, example, group, wanted) => {
    const cell = make("div", "doc-cell");
    if (side) cell.dataset.side = side;
    if (!run) return [cell, false, ""];
    const found = entityMarks(shown, run, example);
    const [, start, end] = shown.sentences[shown.gold[0][example]];
    if (shown.text) {
      const stop = Math.max(end, ...found.flatMap((one) => [one.gold, one.predicted]).map((one) => (one ? one.end : 0)));
      cell.append(marked(shown.text, start, stop, drawnMarks(found, group)));
    }
    const listed = shown.text ? found.filter((one) => one.kind !== 0) : found;
    if (listed.length) cell.append(make("ul", "doc-list", ...listed.map((one) => entityLine(one, shown, group))));
    const states = run[1];
    for (let at = 0; at < states.length; at += 2) {
      if (states[at] === example) cell.append(make("p", "doc-state", visible(states[at + 1])));
    }
    const hit = found.some((one) => wanted(one.kind, [one.gold, one.predicted].map((side) => (side ? side.label : -1))));
    const same = JSON.stringify(found) + states.filter((_, at) => at % 2 && states[at - 1] === example).join();
    return [cell, hit, same];
  };

  const drawEntities = (shown, group, runs, wanted) => {
    const grid = make("div", "doc-rows");
    if (runs.length > 1) {
      grid.append(make("div", "doc-row doc-heads", ...runs.map((run) => make("div", "doc-cell", `${run.side} `, bdi(run.name)))));
    }
    shown.gold[0].forEach((sentence, example) => {
      const [name, start, end, zone] = shown.sentences[sentence];
      const id = shown.example(name);
      const cells = runs.map((run) => entityCell(shown, run.given, runs.length > 1 ? run.side : "", example, group, wanted));
      const alike = cells.length > 1 && runs.every((run) => run.given) && cells[0][2] === cells[1][2];
      const head = make("h4", "doc-example", shown.link(id, name || "whole text"));
      if (zone !== "body") head.append(" ", make("span", "doc-zone", visible(zone)));
      if (!shown.text) head.append(" ", make("span", "doc-zone", `${start}–${end}`));
      if (alike) head.append(" ", make("span", "doc-zone", "A and B alike"));
      const row = make("div", "doc-row", ...(alike ? cells.slice(0, 1) : cells).map(([cell]) => cell));
      const block = make("section", "doc-block", head, row);
      // Lines of one height on both sides, so that a sentence stands beside itself.
      const lanes = [6, 5, 4, 3, 2].find((one) => row.querySelector(`.doc-lanes-${one}`));
      if (lanes) for (const text of row.querySelectorAll(".doc-text")) text.className = `doc-text doc-lanes-${lanes}`;
      if (alike) row.classList.add("doc-alike");
      else if (cells.length > 1) block.classList.add("doc-differs");
      if (wanted.active && cells.some((cell) => cell[1])) block.classList.add("doc-hit");
      shown.mark(block, id);
      grid.append(block);
    });
    return [grid];
  };

  /* ---- stance ------------------------------------------------------------------------------------------------ */

  const judgement = (shown, group, runs, number, wanted) => {
    const [, target, gold, , details] = shown.gold[number];
    const element = make("div", "doc-judgement");
    element.append(make("p", "doc-target", bdi(group.targets[target][1] || group.targets[target][0])));
    element.append(make("p", "", "gold ", bdi(group.labels[gold], "doc-label")));
    let hit = false;
    for (const { side, given } of runs) {
      if (!given) continue;
      const [letters, labels, chances, states] = given;
      const kind = group.kinds.findIndex(([letter]) => letter === letters[number]);
      const line = make("p", `doc-kind-${letters[number]}`, letterOf(letters[number], group.kinds[kind][1]));
      line.append(`${side} `, labels[number] < 0 ? "no answer" : bdi(group.labels[labels[number]], "doc-label"));
      if (chances.length && chances[number] >= 0) line.append(make("span", "doc-chance", ` ${chances[number].toFixed(2)}`));
      for (let at = 0; at < states.length; at += 2) {
        if (states[at] === number) line.append(make("span", "doc-state", ` ${visible(states[at + 1])}`));
      }
      element.append(line);
      hit = hit || wanted(kind, [gold, labels[number]]);
    }
    if (details.length) {
      const more = make("details", "", make("summary", "", "gold says"));
      for (let at = 0; at < details.length; at += 2) {
        more.append(make("p", "", `${visible(group.details[details[at]])}: `, make("bdi", "", details[at + 1])));
      }
      element.append(more);
    }
    if (wanted.active && hit) element.classList.add("doc-hit");
    return element;
  };

  const drawStances = (shown, group, runs, wanted) => {
    const targets = [...new Set(shown.gold.map(([, target]) => target))].sort((one, other) => one - other);
    const rows = new Map();
    shown.gold.forEach(([sentence, target], number) => {
      if (!rows.has(sentence)) rows.set(sentence, new Map());
      const cells = rows.get(sentence);
      cells.set(target, [...(cells.get(target) || []), number]);
    });
    const table = make("table", "doc-grid");
    const heads = targets.map((target) => {
      const [id, words] = group.targets[target];
      return make("th", "", bdi(words || id), ...(words ? [make("br"), bdi(id, "doc-zone")] : []));
    });
    heads.forEach((head) => (head.scope = "col"));
    table.append(make("thead", "", make("tr", "", make("th", "", "Sentence"), ...heads)));
    const body = make("tbody");
    const start = (sentence) => (sentence < 0 ? -1 : shown.sentences[sentence][1]);
    for (const sentence of [...rows.keys()].sort((one, other) => start(one) - start(other))) {
      const [name, from, to, zone] = sentence < 0 ? ["", 0, shown.text ? shown.text.length : 0, "body"] : shown.sentences[sentence];
      const head = make("th", "", make("span", "doc-example", visible(name || "whole text")));
      head.scope = "row";
      if (zone !== "body") head.append(" ", make("span", "doc-zone", visible(zone)));
      if (shown.text) head.append(marked(shown.text, from, to, []));
      const line = make("tr", "", head);
      for (const target of targets) {
        const cell = make("td", "");
        for (const number of rows.get(sentence).get(target) || []) {
          const id = shown.example(name, group.targets[target][0], ...(shown.gold[number][3] ? [shown.gold[number][3]] : []));
          const drawn = judgement(shown, group, runs, number, wanted);
          drawn.firstChild.append(" ", shown.link(id, "#", `link to ${visible(id)}`));
          shown.mark(drawn, id);
          cell.append(drawn);
        }
        line.append(cell);
      }
      body.append(line);
    }
    table.append(body);
    const frame = make("div", "doc-scroll", table);
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Stance by sentence and target");
    return [frame];
  };

  /* ---- summaries --------------------------------------------------------------------------------------------- */

  const summaryMarks = ([copied, invented]) => {
    const found = [];
    for (let at = 0; at < copied.length; at += 3) {
      const [start, end, words] = copied.slice(at, at + 3);
      const name = words > 1 ? "doc-copied" : "doc-copied doc-single";
      found.push({ start, end, stretches: [[start, end]], name, tag: "", title: `copied: ${words} word${words > 1 ? "s" : ""}` });
    }
    for (let at = 0; at < invented.length; at += 3) {
      const [start, end, kind] = invented.slice(at, at + 3);
      const [letter, name, title] = kind === 1 ? ["I", "doc-kind-I", "invented name"] : ["#", "doc-kind-D", "invented number"];
      found.push({ start, end, stretches: [[start, end]], name: "doc-invented " + name, tag: letter, title });
    }
    return found;
  };

  const places = (values, words) => {
    const found = [];
    for (let at = 0; at < values.length; at += 3) found.push(`${values[at]}–${values[at + 1]}${words(values[at + 2])}`);
    return found.join(", ");
  };

  const summaryText = (text, marks) => {
    if (text) {
      const points = new CodePoints(text);
      return [marked(points, 0, points.length, summaryMarks(marks))];
    }
    const lines = [];
    if (marks[0].length) lines.push(make("p", "", `copied ${places(marks[0], (words) => ` (${words})`)}`));
    if (marks[1].length) lines.push(make("p", "", `invented ${places(marks[1], (kind) => (kind === 1 ? " I" : " #"))}`));
    return lines;
  };

  const chosenSentences = (shown, chosen, extracts) => {
    const list = make("ul", "doc-list");
    for (const sentence of chosen) {
      const [name, start, end] = sentence < 0 ? ["?", 0, 0] : shown.sentences[sentence];
      const having = extracts.filter((extract) => extract.includes(sentence)).length;
      const item = make("li", having || !extracts.length ? "doc-kind-C" : "doc-kind-S");
      if (extracts.length) item.append(having ? letterOf("C", "in a reference") : letterOf("S", "in no reference"));
      item.append(make("span", "doc-example", visible(name)));
      if (extracts.length > 1) item.append(` in ${having} of ${extracts.length} references`);
      if (shown.text && sentence >= 0) item.append(" ", make("bdi", "", shown.text.slice(start, end)));
      list.append(item);
    }
    return list;
  };

  const factTable = (shown, references, runs, row, judged) => {
    const columns = references.map(([, , told], at) => [references.length > 1 ? `reference ${at + 1}` : "reference", told]);
    for (const { side, given } of runs) if (given && given[row] && given[row][2]) columns.push([side, given[row][2]]);
    const table = make("table", "doc-facts");
    const heads = ["Fact", "Weight", ...columns.map(([name]) => name)].map((name) => make("th", "", name));
    heads.forEach((head) => (head.scope = "col"));
    table.append(make("thead", "", make("tr", "", ...heads)));
    const body = make("tbody");
    shown.gold[0].forEach(([weight, fact], number) => {
      const head = make("th", "", fact ? make("bdi", "", fact) : `fact ${number + 1}`);
      head.scope = "row";
      const cells = columns.map(([, told]) =>
        told[number] === "1" ? make("td", "doc-kind-C", "✓ told") : make("td", "doc-kind-M", "– not told"));
      cells.unshift(make("td", "", String(weight)));
      // Where the page is narrow the table has no head.
      cells.forEach((cell, place) => (cell.dataset.column = place ? columns[place - 1][0] : "weight"));
      body.append(make("tr", "", head, ...cells));
    });
    table.append(body);
    const counts = columns.map(([name, told]) => `${name} ${[...told].filter((one) => one === "1").length}`);
    const summary = make("summary", "", `Facts told, of ${shown.gold[0].length}: ${counts.join(", ")}`);
    const rule = "Told by the words that a summary shares with the fact" +
      (judged ? "; the score fact_recall of a run here is a judge's, which may find otherwise." : ", the rule of the metric fact_recall.");
    const more = make("details", "", summary, make("p", "doc-note", rule), make("div", "doc-scroll", table));
    more.open = true;
    return more;
  };

  const drawSummaries = (shown, group, runs, wanted) =>
    shown.gold[1].map(([style, references, extracts], row) => {
      const id = shown.example(group.labels[style]);
      const block = make("section", "doc-block", make("h4", "doc-example", shown.link(id, group.labels[style])));
      const cards = make("div", "doc-cards");
      references.forEach(([text, marks], number) => {
        const name = references.length > 1 ? `reference ${number + 1}` : "reference";
        cards.append(make("div", "doc-card doc-reference", make("h5", "", name), ...summaryText(text, marks)));
      });
      extracts.forEach((chosen, number) => {
        const name = extracts.length > 1 ? `reference ${number + 1}` : "reference";
        cards.append(make("div", "doc-card doc-reference", make("h5", "", name), chosenSentences(shown, chosen, [])));
      });
      let hit = false;
      for (const run of runs) {
        const card = make("div", "doc-card", make("h5", "", runs.length > 1 ? `${run.side} ` : "", bdi(run.name)));
        const given = run.given && run.given[row];
        if (!given) card.append(make("p", "doc-state", "not asked"));
        else {
          const [text, marks, told, chosen, state, words] = given;
          if (marks) card.append(...summaryText(text, marks));
          if (chosen.length) card.append(chosenSentences(shown, chosen, extracts));
          if (marks) card.append(make("p", "doc-note", `${words} word${words === 1 ? "" : "s"}`));
          if (state) card.append(make("p", "doc-state", visible(state)));
          const kinds = marks ? marks[1].filter((_, at) => at % 3 === 2) : [];
          if (told.includes("0")) kinds.push(3);
          if (!marks && !chosen.length) kinds.push(0);
          if (chosen.some((one) => !extracts.some((extract) => extract.includes(one)))) kinds.push(4);
          hit = hit || kinds.some((kind) => wanted(kind, [style]));
        }
        cards.append(card);
      }
      block.append(cards);
      if (shown.gold[0].length && references.length) block.append(factTable(shown, references, runs, row, group.judged));
      if (wanted.active && hit) block.classList.add("doc-hit");
      shown.mark(block, id);
      return block;
    });

  /* ---- legend ------------------------------------------------------------------------------------------------ */

  const legend = (group, text) => {
    const line = make("p", "doc-legend");
    if (group.task === "ner" && text) {
      line.append(make("span", "doc-mark doc-gold", "line above"), " gold ", make("span", "doc-mark doc-predicted", "line below"), " predicted");
    }
    if (group.task === "summarization") {
      line.append(make("span", "doc-mark doc-copied", "copied from the document"), " ", make("span", "doc-mark doc-copied doc-single", "one"), " word");
    }
    for (const [letter, name] of group.kinds) line.append(make("span", "doc-key", letterOf(letter, name), name));
    return line;
  };

  const draw = { ner: drawEntities, stance: drawStances, summarization: drawSummaries };
  return { draw, legend };
})();
