// Elements with little typing.

/** An element with properties and children. Texts become text nodes, never markup. */
export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
