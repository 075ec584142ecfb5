// The reader's own choice of light or dark, and of large type, set before the page is painted.
// A classic script in the head, because a module would run after the first paint:
//
//   <script src="web/theme.js"></script>
//
// page.js has the switches.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("pushlab-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // A browser may forbid storage: the system's choice it is.
  }
  try {
    if (sessionStorage.getItem("pushlab-presenter") === "on") root.dataset.presenter = "on";
  } catch {
    // As above.
  }
  if (new URLSearchParams(location.search).has("presenter")) root.dataset.presenter = "on";
})();
