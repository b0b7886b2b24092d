/* What is shown as the fragment of an address, and back, so that it can be linked to. */
const documentsAddress = (() => {
  /* Half a surrogate pair cannot be encoded, and an id may hold one. */
  const encode = (text) =>
    encodeURIComponent(text.replace(/\\|\p{Cs}/gu, (found) => (found === "\\" ? "\\\\" : "\\u" + found.charCodeAt(0).toString(16))));
  const decode = (text) => {
    try {
      return decodeURIComponent(text).replace(/\\(\\|u[0-9a-f]{4})/g, (_, found) =>
        found === "\\" ? "\\" : String.fromCharCode(parseInt(found.slice(1), 16)));
    } catch {
      return text;
    }
  };

  /* The fragment for a document, or one of its examples, in a state. */
  const of = (data, state, doc, example) => {
    const group = data.groups[state.group];
    const parts = [["doc", doc]];
    if (example) parts.push(["example", example]);
    if (data.groups.length > 1) parts.push(["in", group.title]);
    if (state.a !== 0) parts.push(["a", group.runs[state.a]]);
    if (state.b !== (group.runs.length > 1 ? 1 : -1)) parts.push(["b", state.b < 0 ? "" : group.runs[state.b]]);
    if (state.label >= 0) parts.push(["label", group.labels[state.label]]);
    if (state.kind !== "") parts.push(["class", state.kind === "error" ? "error" : group.kinds[state.kind][0]]);
    if (state.find) parts.push(["find", state.find]);
    if (state.differ) parts.push(["differ", "1"]);
    if (state.order) parts.push(["order", state.order]);
    return "#" + parts.map(([name, value]) => `${name}=${encode(value)}`).join("&");
  };

  /* The state that a fragment means; null for one that names no document. */
  const read = (data, hash) => {
    const given = new Map();
    for (const part of hash.slice(1).split("&")) {
      const cut = part.indexOf("=");
      if (cut > 0) given.set(part.slice(0, cut), decode(part.slice(cut + 1)));
    }
    if (!given.has("doc")) return null;
    const doc = given.get("doc");
    const holds = (one) => one.docs.findIndex((number) => data.corpora[one.corpus].ids[number] === doc);
    const named = data.groups.findIndex((one) => one.title === given.get("in"));
    const having = data.groups.findIndex((one) => holds(one) >= 0);
    const place = named >= 0 ? named : Math.max(having, 0);
    const group = data.groups[place];
    const { runs, labels, kinds } = group;
    const kind = kinds.findIndex(([letter]) => letter === given.get("class"));
    return {
      group: place,
      a: Math.max(runs.indexOf(given.get("a")), 0),
      b: given.has("b") ? runs.indexOf(given.get("b")) : runs.length > 1 ? 1 : -1,
      label: given.has("label") ? labels.indexOf(given.get("label")) : -1,
      kind: given.get("class") === "error" ? "error" : kind >= 0 ? String(kind) : "",
      find: given.get("find") || "",
      differ: given.has("differ"),
      order: ["errors", "worse", "better"].includes(given.get("order")) ? given.get("order") : "",
      doc: holds(group),
      example: given.get("example") || "",
      missing: doc,
    };
  };

  return { of, read };
})();
