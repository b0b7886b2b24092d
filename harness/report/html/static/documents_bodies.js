/* Documents as they were stored: in the report, or in files beside it, which are loaded when one of theirs is shown. */
const documentsBodies = (data) => {
  const pages = new Map();
  const KEPT_PAGES = 8;
  window.harnessDocumentsPage = (name, bodies) => {
    if (pages.size >= KEPT_PAGES) pages.delete(pages.keys().next().value);
    pages.set(name, bodies);
  };

  /* Gives a document of a corpus to `use`; null and the file's name where its file cannot be had. */
  return (corpus, number, use) => {
    if (data.bodies) return use(data.bodies[corpus][number]);
    const places = data.pages[corpus];
    let [low, high] = [0, places.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (places[middle][0] <= number) low = middle;
      else high = middle - 1;
    }
    const [first, name] = places[low];
    if (pages.has(name)) return use(pages.get(name)[number - first]);
    const script = document.createElement("script");
    script.src = name;
    script.onload = () => {
      script.remove();
      use(pages.has(name) ? pages.get(name)[number - first] : null, name);
    };
    script.onerror = () => {
      script.remove();
      use(null, name);
    };
    document.head.append(script);
  };
};
