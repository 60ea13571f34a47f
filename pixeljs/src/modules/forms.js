// Forms: begun, sent, or left. Names of fields, never what is in them.

import { track } from "#core";
import { leaving, on } from "#visit";

/** Forms begun and not sent yet, with the names of the fields touched, the last one last. @type {Map<Element, string[]>} */
const begun = new Map();

/** @param {string} event @param {Element} form @param {object} [data] */
const report = (event, form, data) =>
  // The property `id` of a form may be one of its fields.
  track("form_" + event, { formId: form.getAttribute("id"), ...data });

export const forms = () => {
  on("input", ({ target }) => {
    const form = target.closest("form");
    if (!form) return;
    const field = target.name || target.id;
    const fields = begun.get(form);
    if (!fields) report("start", form, { field });
    begun.set(form, [...(fields || []).filter((name) => name !== field), field]);
  });
  on("submit", ({ target }) => {
    report("submit", target);
    begun.delete(target);
  });
  leaving.push((isNew, isClosed) => {
    // Who looks at another tab may come back.
    if (!isNew && !isClosed) return;
    begun.forEach((fields, form) => report("abandon", form, { fields: fields.join(), lastField: fields.pop() }));
    begun.clear();
  });
};
