// Page views: the first when the page is seen, then one for each new address of a page that changes it by script.

/**
 * @param {(type: string, data?: object, referrer?: string) => void} track
 * @param {() => void} flush
 */
export const watchPages = (track, flush) => {
  let path;
  let referrer;

  const count = () => {
    const { pathname, search, href } = location;
    // A page made ahead, or opened in the background, is counted when somebody looks at it; a changed fragment is the same page.
    if (document.hidden || path === pathname + search) return;
    path = pathname + search;
    track("pageview", {}, referrer);
    // While a page changes its own address, the browser's referrer stays that of the first view.
    referrer = href;
  };

  const { pushState } = history;
  history.pushState = function () {
    // What happened until now happened at the old address.
    flush();
    pushState.apply(this, arguments);
    count();
  };
  addEventListener("popstate", count);
  document.addEventListener("visibilitychange", count);
  addEventListener("pageshow", ({ persisted }) => {
    // Back from the back-forward cache: seen again, though nothing was loaded.
    if (persisted) path = 0;
    count();
  });
  count();
};
