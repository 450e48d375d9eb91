// checkout.stripe.com/checkout.js as the sandbox serves it: `StripeCheckout.configure`, `.open`, and
// the <script class="stripe-button"> form. The card form itself is popup.html, in an iframe over the page.
(() => {
  const script = document.currentScript;
  const base = new URL(script ? script.src : window.location.href).origin;
  const FRAME_STYLE = {
    position: 'fixed', inset: '0', width: '100%', height: '100%', border: '0', margin: '0', padding: '0',
    zIndex: '2147483647', background: 'transparent', colorScheme: 'light', display: 'block',
  };
  /** How long the popup may take to answer before the page is given back. */
  const PATIENCE_MS = 15_000;
  let count = 0;
  let showing = null;

  const isFunction = (value) => typeof value === 'function';

  /** What the popup may know: everything but the callbacks. */
  const plain = (options) => JSON.parse(JSON.stringify(options));

  function frameOf(id) {
    const frame = document.createElement('iframe');
    const settings = new URLSearchParams({ origin: window.location.origin, id });
    frame.name = 'stripe_checkout_app';
    frame.title = 'Pay by card';
    frame.className = 'stripe_checkout_app';
    frame.allow = 'payment *';
    frame.src = `${base}/checkout.stripe.com/popup.html#${settings}`;
    Object.assign(frame.style, FRAME_STYLE);
    return frame;
  }

  /** Keeps the page behind the popup still and out of reach; returns what undoes it. */
  function holdPage(frame) {
    const { overflow } = document.documentElement.style;
    const focused = document.activeElement;
    const behind = [...document.body.children].filter((element) => element !== frame && !element.inert);
    document.documentElement.style.overflow = 'hidden';
    behind.forEach((element) => { element.inert = true; });
    return () => {
      document.documentElement.style.overflow = overflow;
      behind.forEach((element) => { element.inert = false; });
      focused?.focus?.({ preventScroll: true });
    };
  }

  /** One popup on the page, from its opening to its closing. */
  function show(options) {
    const id = `checkout-${count += 1}`;
    const frame = frameOf(id);
    const tell = (type, data) => frame.contentWindow?.postMessage({ sluicegate: id, type, data }, base);
    let release = () => {};
    const patience = setTimeout(() => {
      console.error(`checkout: the card form at ${base} does not answer`);
      close();
    }, PATIENCE_MS);

    function close() {
      if (showing?.id !== id) return;
      showing = null;
      clearTimeout(patience);
      window.removeEventListener('message', hear);
      window.removeEventListener('keydown', escape, true);
      frame.remove();
      release();
      if (isFunction(options.closed)) options.closed();
    }

    function escape(event) {
      if (event.key === 'Escape') close();
    }

    const answers = {
      ready: () => {
        clearTimeout(patience);
        tell('open', plain(options));
      },
      shown: () => { if (isFunction(options.opened)) options.opened(); },
      closed: close,
      token: ({ token, args }) => {
        const then = options.token ?? options.onToken;
        try {
          if (isFunction(then)) then(token, args);
        } finally {
          close();
        }
      },
    };

    function hear(event) {
      if (event.origin !== base || event.source !== frame.contentWindow) return;
      const { sluicegate, type, data } = event.data ?? {};
      if (sluicegate === id && Object.hasOwn(answers, type)) answers[type](data ?? {});
    }

    window.addEventListener('message', hear);
    window.addEventListener('keydown', escape, true);
    document.body.append(frame);
    release = holdPage(frame);
    frame.addEventListener('load', () => frame.focus());
    showing = { id, close };
  }

  function open(options) {
    if (!options.key) throw new Error("checkout: missing required option 'key'");
    showing?.close();
    show(options);
  }

  function configure(defaults = {}) {
    return {
      open: (options = {}) => open({ ...defaults, ...options }),
      close: () => showing?.close(),
      isMobile: () => window.matchMedia('(max-width: 480px)').matches,
    };
  }

  /** `data-panel-label="Pay"` → `{ panelLabel: 'Pay' }`, with true and false as what they are. */
  function optionsOf(element) {
    const words = { true: true, false: false };
    return Object.fromEntries(Object.entries(element.dataset).map(([name, text]) => [name, words[text] ?? text]));
  }

  function hiddenInput(form, name, value) {
    if (value === undefined || value === null) return;
    const input = Object.assign(document.createElement('input'), { type: 'hidden', name, value });
    form.append(input);
  }

  /** Turns `<script class="stripe-button">` into a button that sends its form with a token in it. */
  function prepareButton(element) {
    const form = element.closest('form');
    if (!form || element.dataset.prepared) return;
    element.dataset.prepared = 'true';
    const { prepared, label, ...options } = optionsOf(element);
    const button = document.createElement('button');
    button.type = 'submit';
    button.className = 'stripe-button-el';
    button.append(Object.assign(document.createElement('span'), { textContent: label || 'Pay with Card' }));
    element.after(button);

    const token = (made, args) => {
      hiddenInput(form, 'stripeToken', made.id);
      hiddenInput(form, 'stripeTokenType', made.type);
      hiddenInput(form, 'stripeEmail', made.email);
      Object.entries(args).forEach(([name, value]) => {
        const word = name.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());
        hiddenInput(form, `stripe${word}`, value);
      });
      button.disabled = true;
      form.submit();
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      open({ ...options, token });
    });
  }

  if (!window.StripeCheckout) {
    window.StripeCheckout = { configure, open, __app: { base } };
    window.StripeButton = window.StripeCheckout;
  }
  const prepareButtons = () => document.querySelectorAll('script.stripe-button').forEach(prepareButton);
  if (script?.classList.contains('stripe-button')) prepareButton(script);
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', prepareButtons);
  else prepareButtons();
})();
