"use strict";
// The page reads without any of this: it marks where one is, and opens what is folded for a link into it and for print.
(() => {
  const links = [...document.querySelectorAll(".top nav a")];
  const sections = links.map((link) => document.getElementById(link.hash.slice(1)));

  function mark() {
    let place = 0;
    sections.forEach((section, n) => {
      if (section && section.getBoundingClientRect().top <= 80) place = n;
    });
    links.forEach((link, n) => {
      if (n === place) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  function unfold() {
    let element = null;
    try {
      element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return; // A fragment that is no text names nothing here.
    }
    for (; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
  }

  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  addEventListener("hashchange", unfold);

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

  unfold();
  mark();
})();
