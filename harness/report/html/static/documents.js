/* Chooses, filters and lists documents. */
(() => {
  const { make, visible, bdi, CodePoints } = documentsText;
  const { draw, legend } = documentsDrawing;
  const at = (name) => document.getElementById("documents-" + name);
  const source = at("data");
  const section = at("section");
  if (!source || !section || !at("app")) return;
  const data = JSON.parse(source.textContent);
  const groups = data.groups;
  const ROW = 36;

  /* What is shown. `doc` is a place in the group, -1 for a document that is not there, whose id is then `missing`. */
  const first = () => ({
    group: 0, a: 0, b: groups[0].runs.length > 1 ? 1 : -1, find: "", label: -1, kind: "", differ: false, order: "", doc: 0, example: "",
    missing: "",
  });
  const state = first();
  let shownIds = [];
  let ticket = 0;

  const group = () => groups[state.group];
  const idOf = (place) => data.corpora[group().corpus].ids[group().docs[place]];
  const runsShown = () => [["A", state.a], ["B", state.b]].filter(([, run]) => run >= 0);

  /* ---- counts and filters ------------------------------------------------------------------------------------ */

  const ofLabel = (label, gold, predicted) => label < 0 || gold === label || predicted === label;
  const ofKind = (wanted, kind) => wanted === "" || (wanted === "error" ? group().kinds[kind][2] : kind === Number(wanted));

  const counted = (place, run, label, wanted) => {
    const row = group().index[place][run];
    let sum = 0;
    for (let cell = 1; row && cell < row.length; cell += 4) {
      if (ofKind(wanted, row[cell]) && ofLabel(label, row[cell + 1], row[cell + 2])) sum += row[cell + 3];
    }
    return sum;
  };
  const errorsOf = (place, run) => counted(place, run, state.label, state.kind === "" ? "error" : state.kind);
  const differs = (place) => {
    const [one, other] = [state.a, state.b].map((run) => run >= 0 && group().index[place][run]);
    return Boolean(one && other ? one[0] !== other[0] : one || other);
  };

  const filtered = () => {
    const needle = state.find.toLowerCase();
    const active = state.label >= 0 || state.kind !== "";
    const found = [];
    for (let place = 0; place < group().docs.length; place += 1) {
      if (needle && !visible(idOf(place)).toLowerCase().includes(needle)) continue;
      if (state.differ && !differs(place)) continue;
      if (active && !runsShown().some(([, run]) => counted(place, run, state.label, state.kind))) continue;
      found.push(place);
    }
    const key = {
      errors: (place) => -Math.max(...runsShown().map(([, run]) => errorsOf(place, run))),
      worse: (place) => errorsOf(place, state.a) - errorsOf(place, state.b),
      better: (place) => errorsOf(place, state.b) - errorsOf(place, state.a),
    }[state.order];
    if (key && (state.order === "errors" || state.b >= 0)) {
      const keys = new Map(found.map((place) => [place, key(place)]));
      found.sort((one, other) => keys.get(one) - keys.get(other) || one - other);
    }
    return found;
  };

  /* ---- the address ------------------------------------------------------------------------------------------- */

  const address = (doc, example) => documentsAddress.of(data, state, doc, example);
  const readAddress = () => {
    const found = documentsAddress.read(data, location.hash);
    if (found) Object.assign(state, found);
    return found !== null;
  };

  /* A new document is a step that the back button takes back; a filter is none. */
  const go = (step) => {
    const next = address(state.doc < 0 ? state.missing : idOf(state.doc), state.example);
    if (next === location.hash) return;
    if (step) location.hash = next;
    else history.replaceState(null, "", next);
  };

  /* ---- controls ---------------------------------------------------------------------------------------------- */

  const options = (select, values, chosen) => {
    select.replaceChildren(...values.map(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      option.selected = String(value) === String(chosen);
      return option;
    }));
  };

  const fillControls = () => {
    const { runs, labels, kinds } = group();
    options(at("group"), groups.map((one, number) => [number, visible(one.title)]), state.group);
    at("group").closest("label").hidden = groups.length < 2;
    const named = runs.map((name, number) => [number, visible(name)]);
    options(at("a"), named, state.a);
    options(at("b"), [[-1, "none"], ...named], state.b);
    for (const name of ["b", "differ"]) at(name).closest("label").hidden = runs.length < 2;
    const total = (label, kind) => {
      const sums = runsShown().map(([side, run]) => {
        let sum = 0;
        for (let place = 0; place < group().docs.length; place += 1) sum += counted(place, run, label, kind);
        return [side, sum];
      });
      return sums.length < 2 ? sums[0][1].toLocaleString("en") : sums.map(([side, sum]) => `${side} ${sum.toLocaleString("en")}`).join(", ");
    };
    const ordered = labels.map((name, number) => [number, name]).sort((one, other) => (one[1] < other[1] ? -1 : 1));
    at("label-name").textContent = group().task === "summarization" ? "Style" : "Label";
    options(at("label"), [[-1, "any"], ...ordered.map(([number, name]) => [number, `${visible(name)} (${total(number, state.kind)})`])], state.label);
    const classes = [["", "any"], ["error", `any error (${total(state.label, "error")})`]];
    kinds.forEach(([letter, name], number) => classes.push([number, `${letter} ${name} (${total(state.label, number)})`]));
    options(at("class"), classes, state.kind);
    const orders = [["", "as in the corpus"], ["errors", "most errors first"]];
    if (state.b >= 0) orders.push(["worse", "where A is better than B"], ["better", "where B is better than A"]);
    options(at("order"), orders, state.order);
    at("differ").checked = state.differ;
    at("differ").disabled = state.b < 0;
    if (at("find").value !== state.find) at("find").value = state.find;
    at("legend").replaceChildren(legend(group(), data.text));
  };

  /* ---- the list: only the rows in sight are in the page -------------------------------------------------------- */

  const list = at("list");
  const rows = make("div", "doc-rows-inner");
  list.append(rows);

  const drawList = () => {
    rows.style.height = `${shownIds.length * ROW}px`;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
    const last = Math.min(shownIds.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 5);
    const drawn = [];
    for (let number = first; number < last; number += 1) {
      const place = shownIds[number];
      const counts = runsShown().map(([side, run]) => {
        const found = group().index[place][run] ? errorsOf(place, run) : "–";
        return state.b < 0 ? String(found) : `${side} ${found}`;
      });
      const row = make("div", "doc-option", bdi(idOf(place), "doc-id"), make("span", "doc-count", counts.join("  ")));
      row.id = `documents-option-${number}`;
      row.dataset.place = place;
      row.style.top = `${number * ROW}px`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(place === state.doc));
      row.setAttribute("aria-posinset", String(number + 1));
      row.setAttribute("aria-setsize", String(shownIds.length));
      drawn.push(row);
    }
    rows.replaceChildren(...drawn);
    const chosen = shownIds.indexOf(state.doc);
    if (chosen >= first && chosen < last) list.setAttribute("aria-activedescendant", `documents-option-${chosen}`);
    else list.removeAttribute("aria-activedescendant");
  };

  const intoSight = () => {
    const number = shownIds.indexOf(state.doc);
    if (number < 0) return;
    const top = number * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  };

  const tell = () => {
    const whole = group().docs.length.toLocaleString("en");
    const noun = group().docs.length === 1 ? "document" : "documents";
    const place = shownIds.indexOf(state.doc);
    const marks = runsShown().map(([side, run]) => {
      const sum = shownIds.reduce((before, one) => before + errorsOf(one, run), 0).toLocaleString("en");
      return state.b < 0 ? sum : `${side} ${sum}`;
    });
    const what = state.kind === "" || state.kind === "error" ? "errors" : `of class ${group().kinds[state.kind][1]}`;
    const about = state.label < 0 ? "" : ` with ${visible(group().labels[state.label])}`;
    at("status").textContent =
      `${shownIds.length.toLocaleString("en")} of ${whole} ${noun}; ${marks.join(", ")} ${what}${about}` +
      (place < 0 ? "" : `; showing number ${(place + 1).toLocaleString("en")}`);
  };

  /* ---- the document ------------------------------------------------------------------------------------------ */

  const bodyOf = documentsBodies(data);
  const view = at("view");
  const quote = (part) => part.replaceAll("%", "%25").replaceAll("/", "%2F");

  const drawDocument = (after) => {
    ticket += 1;
    const mine = ticket;
    if (state.doc < 0) {
      // Another document may still be on its way, and will not be shown.
      view.removeAttribute("aria-busy");
      view.replaceChildren(make("h3", "", "No such document"), make("p", "", "Not among these: ", bdi(state.missing)));
      return after();
    }
    const id = idOf(state.doc);
    view.setAttribute("aria-busy", "true");
    bodyOf(group().corpus, group().docs[state.doc], (body, page) => {
      if (mine !== ticket) return;
      view.removeAttribute("aria-busy");
      const title = make("h3", "doc-title", bdi(id));
      title.id = "documents-view-title";
      title.tabIndex = -1;
      if (!body) {
        const said = `its file ${page} is not beside this report, or is of another report`;
        view.replaceChildren(title, make("p", "doc-state", said));
        return after();
      }
      const [text, sentences, parts] = body;
      const [gold, given] = parts[state.group - groups.findIndex((one) => one.corpus === group().corpus)];
      let target = null;
      const shown = {
        text: data.text ? new CodePoints(text) : null,
        sentences,
        gold,
        example: (...names) => [id, ...names].filter((name, place) => place === 0 || names.length > 1 || name).map(quote).join("/"),
        link: (example, name, said) => {
          const link = make("a", "doc-link", bdi(name));
          link.href = address(id, example);
          if (said) link.setAttribute("aria-label", said);
          return link;
        },
        mark: (element, example) => {
          if (example !== state.example) return;
          element.classList.add("doc-target-example");
          element.tabIndex = -1;
          target = element;
        },
      };
      const wanted = (kind, labels) => ofKind(state.kind, kind) && (state.label < 0 || labels.includes(state.label));
      wanted.active = state.kind !== "" || state.label >= 0;
      const runs = runsShown().map(([side, run]) => ({ side, name: group().runs[run], given: given[run] }));
      const notes = runs.filter((run) => !run.given).map((run) => make("p", "doc-state", `${run.side} was not asked about this document: `, bdi(run.name)));
      const permalink = make("a", "doc-link", "link to this document");
      permalink.href = address(id, "");
      const names = runs.map((run) => [runs.length > 1 ? `${run.side} ` : "", bdi(run.name)]);
      const about = make("p", "doc-about", visible(group().title), " · ", ...names.flatMap((name, number) => (number ? [" · ", ...name] : name)), " · ", permalink);
      view.replaceChildren(title, about, ...notes, ...draw[group().task](shown, group(), runs, wanted));
      after(target);
    });
  };

  /* ---- what happens ------------------------------------------------------------------------------------------ */

  /* `focus`: whether the reader follows a link or a key, and so wants to be where the document begins. */
  const update = ({ focus = false, jump = false } = {}) => {
    if (state.differ && state.b < 0) state.differ = false;
    shownIds = filtered();
    fillControls();
    intoSight();
    drawList();
    tell();
    drawDocument((target) => {
      if (target) {
        target.scrollIntoView({ block: "center", behavior: "instant" });
        if (focus || jump) target.focus({ preventScroll: true });
      } else if (jump) {
        section.scrollIntoView({ behavior: "instant" });
        // Where the page is narrow the controls fill the screen, and who follows a link wants the document.
        if (view.getBoundingClientRect().top > innerHeight / 2) view.scrollIntoView({ behavior: "instant" });
      } else if (focus) {
        const title = document.getElementById("documents-view-title");
        if (title) title.focus({ preventScroll: true });
        if (view.getBoundingClientRect().top < 0) view.scrollIntoView({ behavior: "instant" });
      }
    });
  };

  const choose = (place, focus) => {
    state.doc = place;
    state.example = "";
    go(true);
    current = location.hash;
    update({ focus });
  };
  const step = (by, focus) => {
    if (!shownIds.length) return;
    const here = shownIds.indexOf(state.doc);
    let next = here + by;
    if (here < 0) next = by > 0 ? shownIds.findIndex((place) => place > state.doc) : shownIds.findLastIndex((place) => place < state.doc);
    next = Math.min(Math.max(next, 0), shownIds.length - 1);
    if (shownIds[next] !== state.doc) choose(shownIds[next], focus);
  };

  let current = location.hash;
  addEventListener("hashchange", () => {
    if (location.hash === current) return;
    current = location.hash;
    if (readAddress()) update({ focus: true });
    else if (current === "" || current === "#") {
      Object.assign(state, first());
      update();
    }
  });

  const changed = () => {
    go(false);
    current = location.hash;
    update();
  };
  const keepDocument = (id) => {
    const number = data.corpora[group().corpus].ids.indexOf(id);
    state.doc = Math.max(group().docs.indexOf(number), 0);
  };
  const on = (name, event, act) => at(name).addEventListener(event, act);
  on("group", "change", () => {
    const id = state.doc < 0 ? "" : idOf(state.doc);
    const [a, b] = [state.a, state.b].map((run) => group().runs[run]);
    const { find } = state;
    Object.assign(state, first(), { group: Number(at("group").value), find });
    const runs = group().runs;
    state.a = Math.max(runs.indexOf(a), 0);
    state.b = b !== undefined && runs.includes(b) ? runs.indexOf(b) : runs.length > 1 ? 1 : -1;
    if (state.a === state.b) state.b = runs.findIndex((_, number) => number !== state.a);
    keepDocument(id);
    changed();
  });
  for (const name of ["a", "b", "label"]) on(name, "change", () => { state[name] = Number(at(name).value); state.example = ""; changed(); });
  on("class", "change", () => { state.kind = at("class").value; changed(); });
  on("order", "change", () => { state.order = at("order").value; changed(); });
  on("differ", "change", () => { state.differ = at("differ").checked; changed(); });
  let waiting = 0;
  on("find", "input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.find = at("find").value; changed(); }, 120);
  });
  on("controls", "submit", (event) => event.preventDefault());
  on("controls", "reset", (event) => {
    event.preventDefault();
    Object.assign(state, { find: "", label: -1, kind: "", differ: false, order: "" });
    changed();
  });
  on("next", "click", () => step(1, false));
  on("previous", "click", () => step(-1, false));
  list.addEventListener("scroll", drawList, { passive: true });
  addEventListener("resize", drawList);
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-place]");
    if (row) choose(Number(row.dataset.place), false);
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const many = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: many, PageUp: -many, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      document.getElementById("documents-view-title").focus();
    } else if (by) {
      event.preventDefault();
      step(by === Infinity ? shownIds.length : by === -Infinity ? -shownIds.length : by, false);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !at("letters").checked) return;
    const target = event.target;
    if (target !== document.body && !section.contains(target)) return;
    if (target.closest("input, select, textarea") && target !== at("letters")) return;
    const here = list.contains(target);
    if (event.key === "j") step(1, !here);
    else if (event.key === "k") step(-1, !here);
    else if (event.key === "/") at("find").focus();
    else return;
    event.preventDefault();
  });

  at("app").hidden = false;
  update({ jump: readAddress() });
})();
