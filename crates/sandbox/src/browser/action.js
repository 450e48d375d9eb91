// What follows a confirmation: 3-D Secure in a frame over the page, redirects, and embedded Checkout.

const COVER = {
  position: 'fixed', inset: '0', zIndex: '2147483647', display: 'grid', placeItems: 'center', padding: '16px',
  background: 'rgb(15 23 42 / 60%)', colorScheme: 'light',
};
const FRAME = { width: '100%', maxWidth: '480px', height: '440px', maxHeight: '100%', border: '0', borderRadius: '14px', background: '#fff' };

/** Resolves when a page of ours in `frame` says that it is over. */
function finished(base, frame, id) {
  return new Promise((resolve) => {
    window.addEventListener('message', function hear(event) {
      const { sluicegate, type, url } = event.data ?? {};
      if (event.origin !== base || event.source !== frame.contentWindow || sluicegate !== id || type !== 'finished') return;
      window.removeEventListener('message', hear);
      resolve(url);
    });
  });
}

/** Shows the authentication of an intent over the page until it is over. */
async function showChallenge(base, id, url) {
  const focused = document.activeElement;
  const cover = document.createElement('div');
  const frame = document.createElement('iframe');
  cover.setAttribute('role', 'dialog');
  cover.setAttribute('aria-modal', 'true');
  cover.setAttribute('aria-label', 'Authentication of your card');
  frame.title = '3D Secure authentication';
  frame.name = 'stripe-challenge-frame';
  Object.assign(cover.style, COVER);
  Object.assign(frame.style, FRAME);
  frame.src = `${url}&frame=1`;
  frame.addEventListener('load', () => frame.focus(), { once: true });
  cover.append(frame);
  const over = finished(base, frame, id);
  const behind = [...document.body.children].filter((element) => !element.inert);
  behind.forEach((element) => { element.inert = true; });
  document.body.append(cover);
  await over;
  cover.remove();
  behind.forEach((element) => { element.inert = false; });
  focused?.focus?.({ preventScroll: true });
}

/** Does what an intent asks for; `again` retrieves it. Redirects never resolve: the page is left. */
export async function act(base, intent, again) {
  const next = intent.next_action;
  if (intent.status !== 'requires_action' || !next) return intent;
  if (next.type === 'use_stripe_sdk') {
    await showChallenge(base, intent.id, next.use_stripe_sdk.stripe_js);
    return again();
  }
  const url = next.redirect_to_url?.url ?? next.cashapp_handle_redirect_or_display_qr_code?.hosted_instructions_url;
  if (!url) return intent; // micro-deposits: the customer comes back in days
  window.location.assign(url);
  return new Promise(() => {});
}

/** Goes to the shop's page with what became of the intent. */
export function goBack(intent, returnUrl) {
  const url = new URL(returnUrl, window.location.href);
  const name = intent.object === 'setup_intent' ? 'setup_intent' : 'payment_intent';
  const failed = ['requires_payment_method', 'canceled'].includes(intent.status);
  url.searchParams.set(name, intent.id);
  url.searchParams.set(`${name}_client_secret`, intent.client_secret);
  url.searchParams.set('redirect_status', failed ? 'failed' : intent.status === 'processing' ? 'pending' : 'succeeded');
  window.location.assign(url);
}

/** Checkout inside the page. */
export async function embeddedCheckout(base, { clientSecret, fetchClientSecret, onComplete } = {}) {
  const secret = clientSecret ?? await fetchClientSecret();
  const id = String(secret).split('_secret_')[0];
  const frame = document.createElement('iframe');
  frame.title = 'Checkout';
  frame.name = 'embedded-checkout';
  frame.src = `${base}/checkout.stripe.com/c/pay/${encodeURIComponent(id)}?framed=1`;
  Object.assign(frame.style, { width: '100%', height: '760px', border: '0', colorScheme: 'light' });
  finished(base, frame, id).then((url) => {
    if (onComplete) onComplete();
    else if (url) window.location.assign(url);
  });
  return {
    mount(where) {
      const place = typeof where === 'string' ? document.querySelector(where) : where;
      place.replaceChildren(frame);
    },
    unmount() { frame.remove(); },
    destroy() { frame.remove(); },
  };
}
