// The conversation between a page of ours in an iframe and the page that opened it. The opener names
// its origin in the fragment of our address; messages of other origins are ignored, and none are sent to them.

const settings = new URLSearchParams(window.location.hash.slice(1));
const opener = settings.get('origin') ?? '';

/** A setting of our address. */
export const setting = (name) => settings.get(name) ?? '';

/** Tells the opener something. Pages without an origin (`file:`) can only be reached by `*`. */
export function tell(type, data = {}) {
  const target = opener === 'null' ? '*' : opener;
  if (target && window.parent !== window) {
    window.parent.postMessage({ sluicegate: setting('id'), type, data }, target);
  }
}

/** Listens to the opener: `handlers` by the type of message. What they return is answered when it was asked for. */
export function listen(handlers) {
  window.addEventListener('message', async (event) => {
    if (event.source !== window.parent || event.origin !== opener) return;
    const { sluicegate, type, data, question } = event.data ?? {};
    if (sluicegate !== setting('id') || !Object.hasOwn(handlers, type)) return;
    const answer = await handlers[type](data ?? {});
    if (question !== undefined) tell('answer', { question, answer });
  });
}
