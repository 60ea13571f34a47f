// The visitor's id, in a cookie of the site's own: taken up, made or removed. Runs once for each call of `consent`, and before the
// first page view where there is, or shall be, a cookie.

import { hg } from "#hg";

export const consent = () => {
  const { options_, isGiven_ } = hg;
  const { globalPrivacyControl, doNotTrack } = /** @type {any} */ (navigator);
  const isWanted = isGiven_ || (options_.identity && !globalPrivacyControl && doNotTrack != 1);
  // The first hgpixel's ids, which it gave without asking, are of another version.
  const [, known] = /_hgpixel_user_id=([\w-]{14}7[\w-]+)/.exec(document.cookie) || [];
  const id = isGiven_ === false ? "" : known || (isWanted ? hg.id_(Date.now()) : "");
  if (id !== known)
    // 13 months.
    document.cookie = `_hgpixel_user_id=${id};path=/;samesite=lax;max-age=${id ? 34164000 : 0}${location.protocol > "http:" ? ";secure" : ""}`;
  // An id that the site gave stays.
  if (!options_.userId || options_.userId === known) options_.userId = id || undefined;
};
