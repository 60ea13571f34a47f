// Clicks on links that lead to other hosts. The click is never delayed: the event leaves with the page.

/** @param {(type: string, data: object) => void} track */
export const watchLinks = (track) => {
  const onClick = ({ target, button }) => {
    const link = target.closest && target.closest("a[href]");
    // The secondary button opens a menu and follows no link; `mailto:` and the like lead to no host.
    if (!link || button > 1 || !link.host || link.host === location.host) return;
    const linkText = (link.textContent.trim() || "Unnamed Link").slice(0, 200);
    track("outbound_link", { linkText, linkUrl: link.href });
  };
  addEventListener("click", onClick, true);
  addEventListener("auxclick", onClick, true);
};
