// Event ids: UUID version 7, made before the first try to send, so that an event sent twice is stored once.

let last = 0;

/** Ids of one page sort in the order of their making: within a millisecond, each takes the next one. */
export const newId = (time = [...(last = Math.max(last + 1, Date.now())).toString(16)]) =>
  "0xxxxxxx-xxxx-7xxx-8xxx-xxxxxxxxxxxx".replace(
    /x/g,
    // First the time; then no secrets: 72 bits that no two browsers share in a millisecond.
    () => time.shift() || Math.random().toString(16)[2],
  );
