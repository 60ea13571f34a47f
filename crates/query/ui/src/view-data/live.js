// Looks for new events every two seconds while somebody looks at the page, and shows them without leaving the page of the table.

const INTERVAL_MS = 2000;
/** What takes long is asked more seldom: it may not take more than a tenth of the database's time. */
const REST = 9;

export const keepCurrent = (table, source) => {
  const live = document.getElementById("live");
  let isAsking = false;
  let next = 0;

  const isInUse = () => {
    // Whoever selects text or reads an event does not want the rows to move.
    const selection = getSelection();
    return document.querySelector("dialog[open], details.menu[open]") !== null || (selection !== null && !selection.isCollapsed);
  };

  const look = async () => {
    if (!live.checked || document.hidden || isAsking || isInUse() || source.request === undefined) return;
    if (source.isPaused || performance.now() < next) return;
    isAsking = true;
    const hasNews = await source.hasNews();
    isAsking = false;
    next = performance.now() + REST * source.took_ms;
    if (hasNews && live.checked && !isInUse()) redraw();
  };

  const redraw = () => {
    const scroller = table.table().node().parentElement;
    const { scrollTop, scrollLeft } = scroller;
    table.ajax.reload(() => {
      scroller.scrollTop = scrollTop;
      scroller.scrollLeft = scrollLeft;
    }, false);
  };

  setInterval(look, INTERVAL_MS);
  live.addEventListener("change", look);
  document.addEventListener("visibilitychange", look);
};
