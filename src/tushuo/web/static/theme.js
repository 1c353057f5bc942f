// Light or dark: as the system is, unless a person chose otherwise. Loaded first, so nothing flashes.
"use strict";

(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("theme");
  const shown = () => chosen() || (dark.matches ? "dark" : "light");
  const show = () => { root.dataset.theme = shown(); };
  show();
  dark.addEventListener("change", show);
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      localStorage.setItem("theme", shown() === "dark" ? "light" : "dark");
      show();
    });
  });
})();
