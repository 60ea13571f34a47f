// The visitor's id, in a cookie of the site's own: taken up, made or removed. Runs once for each call of `consent`, and before
// anything is sent.

import { hg, newId, options } from "#core";

/** @param {boolean} [isGiven] */
export const know = (isGiven) => {
  const [, known] = document.cookie.match(/hgpixel_id=([\w-]+)/) || [];
  const isWanted =
    isGiven || (options.identity && !(/** @type {any} */ (navigator).globalPrivacyControl) && navigator.doNotTrack != /** @type {any} */ (1));
  const id = isGiven === false ? undefined : known || (isWanted ? newId() : undefined);
  if (id !== known)
    // 13 months.
    document.cookie = `hgpixel_id=${id};path=/;samesite=lax;max-age=${id ? 34164000 : 0}${isSecureContext ? ";secure" : ""}`;
  hg.id_ = id;
};
