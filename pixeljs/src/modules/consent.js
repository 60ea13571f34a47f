// The visitor's id, in a cookie of the site's own: taken up, made or removed. Runs once for each call of `consent`, and before the
// first page view where there is, or shall be, a cookie.

import { flush, hg, newId, options } from "#core";

/** @param {boolean} [isGiven] */
export const consent = (isGiven) => {
  flush();
  const [, known] = /hgpixel_id=([\w-]+)/.exec(document.cookie) || [];
  /** @type {string | undefined} */
  let id = known;
  if (isGiven === false) id = undefined;
  else if (!id && (isGiven || (options.identity && !(/** @type {any} */ (navigator).globalPrivacyControl) && navigator.doNotTrack != /** @type {any} */ (1)))) id = newId();
  if (id !== known)
    // 13 months.
    document.cookie = `hgpixel_id=${id};path=/;samesite=lax;max-age=${id ? 34164000 : 0}${isSecureContext ? ";secure" : ""}`;
  hg.id_ = id;
};
