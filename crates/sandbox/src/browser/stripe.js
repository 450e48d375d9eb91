// js.stripe.com/v3 as the sandbox serves it: `Stripe(key)`, elements, tokens, payment methods and
// confirmations. What is paid with is typed into a page of ours (field.html, payment.html), in an iframe.
(() => {
  if (window.Stripe?.sandbox) return;
  const base = new URL(document.currentScript ? document.currentScript.src : window.location.href).origin;
  const folder = `${base}/js.stripe.com/v3`;
  const api = import(`${folder}/api.js`);
  const actions = import(`${folder}/action.js`);
  const KINDS = [
    'card', 'cardNumber', 'cardExpiry', 'cardCvc', 'postalCode', 'payment', 'iban', 'address', 'linkAuthentication',
    'expressCheckout',
  ];
  /** The page in an element's iframe; `field.html` unless it is here. */
  const PAGES = { payment: 'payment.html', iban: 'details.html', address: 'details.html', linkAuthentication: 'details.html' };
  const FIRST_FRAME = 5;
  let frames = FIRST_FRAME;

  // ------------------------------------------------------------------ elements

  const CLASSES = {
    base: 'StripeElement', complete: 'StripeElement--complete', empty: 'StripeElement--empty',
    focus: 'StripeElement--focus', invalid: 'StripeElement--invalid', webkitAutofill: 'StripeElement--webkit-autofill',
  };

  /** One element: an iframe that is put into the page by `mount`. */
  class Element {
    constructor(kind, options, elements) {
      this._kind = kind;
      this._options = options;
      this._elements = elements;
      this._handlers = new Map();
      this._questions = new Map();
      this._asked = 0;
      this._hear = (event) => this._receive(event);
      this._reset();
    }

    get _elementType() { return this._kind; }

    _reset() {
      this._place = null;
      this._frame = null;
      this._state = { empty: true, complete: false };
      this._loaded = new Promise((resolve) => { this._whenLoaded = resolve; });
    }

    mount(where) {
      this._alive();
      const place = typeof where === 'string' ? document.querySelector(where) : where;
      if (!place) throw new Error(`The selector you specified (${where}) applies to no DOM elements that are currently on the page. Make sure the element exists on the page before calling mount().`);
      if (this._place === place) return this;
      this.unmount();
      this._place = place;
      if (this._kind === 'expressCheckout') return this._unavailable();
      this._frame = this._makeFrame();
      place.replaceChildren(this._frame);
      this._paint({ focus: false });
      window.addEventListener('message', this._hear);
      return this;
    }

    /** There are no wallets here, and the page is told so. */
    _unavailable() {
      setTimeout(() => this._emit('ready', { elementType: this._kind, availablePaymentMethods: undefined }));
      return this;
    }

    /** What an address or email element holds. */
    getValue() { return this._ask('value'); }

    collapse() { return this; }

    _makeFrame() {
      const frame = document.createElement('iframe');
      frame.name = `__privateStripeFrame${frames}`;
      frames += 1;
      frame.title = 'Secure card payment input frame';
      frame.allow = 'payment *';
      frame.style.cssText = 'border:0;margin:0;padding:0;width:1px;min-width:100%;height:1.2em;display:block;background:transparent;overflow:hidden;color-scheme:light;user-select:none;';
      const settings = new URLSearchParams({ origin: window.location.origin, id: frame.name, kind: this._kind });
      frame.src = `${folder}/${PAGES[this._kind] ?? 'field.html'}#${settings}`;
      return frame;
    }

    _tell(type, data, question) {
      this._frame?.contentWindow?.postMessage({ sluicegate: this._frame.name, type, data, question }, base);
    }

    /** Asks the frame something and resolves its answer. */
    async _ask(type, data) {
      await this._loaded;
      return new Promise((resolve) => {
        this._asked += 1;
        this._questions.set(this._asked, resolve);
        this._tell(type, data, this._asked);
      });
    }

    _receive(event) {
      if (event.origin !== base || event.source !== this._frame?.contentWindow) return;
      const { sluicegate, type, data } = event.data ?? {};
      if (sluicegate !== this._frame.name) return;
      const answers = {
        loaded: () => this._tell('options', plain({ ...this._elements._shared(), ...this._options })),
        ready: () => { this._whenLoaded(); this._emit('ready', { elementType: this._kind }); },
        height: () => { this._frame.style.height = `${data.height}px`; },
        change: () => { this._state = data; this._paint({}); this._emit('change', { elementType: this._kind, error: undefined, ...data }); },
        focus: () => { this._paint({ focus: true }); this._emit('focus', { elementType: this._kind }); },
        blur: () => { this._paint({ focus: false }); this._emit('blur', { elementType: this._kind }); },
        escape: () => this._emit('escape', {}),
        answer: () => { this._questions.get(data.question)?.(data.answer); this._questions.delete(data.question); },
      };
      if (Object.hasOwn(answers, type)) answers[type]();
    }

    /** Shows the state as classes of the place, as pages style them. */
    _paint({ focus }) {
      const names = { ...CLASSES, ...this._options.classes };
      const toggle = (name, on) => name.split(/\s+/).filter(Boolean).forEach((one) => this._place.classList.toggle(one, on));
      toggle(names.base, true);
      toggle(names.complete, this._state.complete);
      toggle(names.empty, this._state.empty);
      toggle(names.invalid, Boolean(this._state.error));
      if (focus !== undefined) toggle(names.focus, focus);
    }

    _emit(name, event) {
      [...(this._handlers.get(name) ?? [])].forEach((handler) => handler(event));
    }

    on(name, handler) {
      this._handlers.set(name, [...(this._handlers.get(name) ?? []), handler]);
      return this;
    }

    off(name, handler) {
      const kept = handler ? (this._handlers.get(name) ?? []).filter((one) => one !== handler) : [];
      this._handlers.set(name, kept);
      return this;
    }

    once(name, handler) {
      const once = (event) => { this.off(name, once); handler(event); };
      return this.on(name, once);
    }

    addEventListener(name, handler) { return this.on(name, handler); }

    removeEventListener(name, handler) { return this.off(name, handler); }

    update(options) {
      this._alive();
      this._options = { ...this._options, ...options };
      this._tell('options', plain(this._options));
      return this;
    }

    clear() { this._tell('clear'); return this; }

    focus() { this._loaded.then(() => { this._frame?.focus(); this._tell('focus'); }); return this; }

    blur() { this._tell('blur'); return this; }

    unmount() {
      if (!this._frame) return this;
      window.removeEventListener('message', this._hear);
      const names = Object.values({ ...CLASSES, ...this._options.classes }).flatMap((name) => name.split(/\s+/)).filter(Boolean);
      this._place.classList.remove(...names);
      this._frame.remove();
      this._questions.forEach((resolve) => resolve({ error: unmounted() }));
      this._questions.clear();
      this._reset();
      return this;
    }

    destroy() {
      this.unmount();
      this._elements._forget(this);
      this._destroyed = true;
      return this;
    }

    _alive() {
      if (this._destroyed) throw new Error('This Element has already been destroyed. Please create a new one.');
    }
  }

  /** The elements of one form; the parts of a card find each other through it. */
  class Elements {
    constructor(stripe, options) {
      this._stripe = stripe;
      this._options = options;
      this._made = [];
    }

    create(kind, options = {}) {
      if (!KINDS.includes(kind)) throw new Error(`A valid Element name must be provided. Valid Elements are: ${KINDS.join(', ')}; you passed: ${kind}.`);
      if (this.getElement(kind)) throw new Error(`Can only create one Element of type ${kind} through an Elements instance.`);
      const element = new Element(kind, options, this);
      this._made.push(element);
      return element;
    }

    getElement(kind) {
      return this._made.find((element) => element._kind === kind) ?? null;
    }

    update(options) {
      Object.assign(this._options, options);
      this._made.forEach((element) => element._tell('options', plain({ ...this._shared(), ...element._options })));
    }

    /** What every element of the form is told. */
    _shared() {
      const { mode, amount, currency, paymentMethodTypes, appearance, clientSecret } = this._options;
      return { mode, amount, currency, paymentMethodTypes, appearance, clientSecret, caller: this._stripe._caller() };
    }

    async submit() {
      const entry = this._entry();
      return entry ? entry._ask('check', { frames: this._frames() }) : { error: unmounted() };
    }

    async fetchUpdates() {
      this.update({});
      return {};
    }

    /** The mounted element that holds what is paid with. */
    _entry() {
      const mounted = this._made.filter((element) => element._frame);
      return mounted.find((element) => element._kind === 'payment') ?? mounted[0];
    }

    /** Names and addresses of the other elements of the form. */
    async _billing() {
      const parts = this._made.filter((element) => element._frame && ['address', 'linkAuthentication'].includes(element._kind));
      const values = await Promise.all(parts.map((element) => element.getValue()));
      return Object.assign({}, ...values.map(({ value }) => value));
    }

    _frames() { return this._made.flatMap((element) => (element._frame ? [element._frame.name] : [])); }

    _forget(element) { this._made = this._made.filter((one) => one !== element); }
  }

  // ------------------------------------------------------------------ calls

  const plain = (value) => JSON.parse(JSON.stringify(value ?? {}));

  const invalid = (message, code) => ({ type: 'invalid_request_error', code, message });

  const unmounted = () => invalid('We could not retrieve data from the specified Element. Please make sure the Element you are attempting to use is still mounted.');

  /** `pi_1_secret_2` → `pi_1`. */
  const idOf = (secret) => String(secret ?? '').split('_secret_')[0];

  /** Names an answer: `{ token }`, or `{ error }` as it came. */
  const named = (name, answer) => (answer.error ? { error: answer.error } : { [name]: answer });

  const PAYMENT = { name: 'paymentIntent', object: 'payment_intent', plural: 'payment_intents' };
  const SETUP = { name: 'setupIntent', object: 'setup_intent', plural: 'setup_intents' };
  /** Methods with confirmations of their own: `confirmIdealPayment(secret, data)`. */
  const NAMED = {
    Ideal: 'ideal', Bancontact: 'bancontact', Eps: 'eps', P24: 'p24', Giropay: 'giropay', Klarna: 'klarna', Affirm: 'affirm', Alipay: 'alipay',
    WechatPay: 'wechat_pay', AfterpayClearpay: 'afterpay_clearpay', Grabpay: 'grabpay', Fpx: 'fpx', Sofort: 'sofort', Cashapp: 'cashapp',
    SepaDebit: 'sepa_debit', UsBankAccount: 'us_bank_account', BacsDebit: 'bacs_debit', AuBecsDebit: 'au_becs_debit', AcssDebit: 'acss_debit',
  };

  /** What a browser can be asked to do against the sandbox. */
  class StripeObject {
    constructor(key, options = {}) {
      if (typeof key !== 'string' || key === '') throw new Error('Please call Stripe() with your publishable key. You used an empty string.');
      if (/^(sk|rk)_/.test(key)) throw new Error('You should not use your secret key with Stripe.js. Please pass a publishable key instead.');
      this._apiKey = key;
      this._stripeAccount = options.stripeAccount;
      this._apiVersion = options.apiVersion;
    }

    elements(options = {}) { return new Elements(this, { ...options }); }

    _caller() {
      return { base, key: this._apiKey, account: this._stripeAccount, version: this._apiVersion };
    }

    /** A call without a card; resolves the answer, never rejects. */
    async _call(method, path, params) {
      try {
        return await (await api).call(this._caller(), method, path, params);
      } catch (reason) {
        return { error: { type: 'api_connection_error', message: `The sandbox at ${base} cannot be reached: ${reason.message}` } };
      }
    }

    /** A call with the card of an element, made by its frame; `at` says where the card belongs: `card`, `payment_method_data.card`. */
    async _callWithCard(element, path, params, at = 'card') {
      if (!element._frame) return { error: unmounted() };
      const caller = this._caller();
      return element._ask('call', { caller, path, params: plain(params), at, frames: element._elements._frames() });
    }

    async createToken(what, data = {}) {
      if (what instanceof Element) {
        return named('token', await this._callWithCard(what, '/v1/tokens', { card: data }));
      }
      if (what === 'cvc_update') {
        return named('token', await this._callWithCard(data, '/v1/tokens', {}, 'cvc_update'));
      }
      const wraps = ['account', 'person'].includes(what) && data[what];
      return named('token', await this._call('POST', '/v1/tokens', { [what]: wraps ? data[what] : data }));
    }

    /** `(element, data)` makes a card source; `(data)` any other. */
    async createSource(what, data = {}) {
      if (!(what instanceof Element)) return named('source', await this._call('POST', '/v1/sources', what));
      return named('source', await this._callWithCard(what, '/v1/sources', { type: 'card', ...data }));
    }

    /** Today's `({ elements, params })` and `({ type, card, billing_details })`, and the older `('card', card, data)`. */
    async createPaymentMethod(what, element, data = {}) {
      const given = typeof what === 'string' ? { ...data, type: what, [what]: element } : { ...what, ...what.params };
      const { elements, params, ...rest } = given;
      const path = '/v1/payment_methods';
      const card = rest.card ?? rest.sepa_debit ?? elements?._entry();
      if (!(card instanceof Element)) return named('paymentMethod', await this._call('POST', path, rest));
      if (card._kind === 'payment') return named('paymentMethod', await this._callWithCard(card, path, rest, ''));
      if (card._kind === 'iban') return named('paymentMethod', await this._callWithCard(card, path, { ...rest, type: 'sepa_debit', sepa_debit: {} }, 'sepa_debit.iban'));
      return named('paymentMethod', await this._callWithCard(card, path, { ...rest, type: 'card', card: {} }));
    }

    async createConfirmationToken({ elements, params = {} } = {}) {
      const entry = elements?._entry();
      if (!entry) return { error: unmounted() };
      return named('confirmationToken', await this._callWithCard(entry, '/v1/confirmation_tokens', params, 'payment_method_data'));
    }

    /** Confirms an intent, and does what it asks for then. */
    async _confirm(secret, kind, data = {}, options = {}) {
      const { payment_method: method, elements, ...rest } = data;
      const path = `/v1/${kind.plural}/${encodeURIComponent(idOf(secret))}/confirm`;
      const params = { ...rest, client_secret: secret, use_stripe_sdk: true };
      const answer = await this._sendConfirm(path, params, method, elements, kind);
      if (answer.error || options.handleActions === false) return named(kind.name, answer);
      return this._act(kind, answer);
    }

    async _sendConfirm(path, params, method, elements, kind) {
      const type = kind.type ?? 'card';
      const entry = method?.card ?? method?.[type] ?? (method ? undefined : elements?._entry());
      if (entry instanceof Element && entry._kind === 'payment') {
        const billing = await elements._billing();
        const own = params.payment_method_data?.billing_details ?? {};
        const details = { ...params.payment_method_data, billing_details: { ...billing, ...own } };
        return this._callWithCard(entry, path, { ...params, payment_method_data: details }, 'payment_method_data');
      }
      if (entry instanceof Element) {
        const details = { ...(typeof method === 'object' ? method : {}), type, [type]: {} };
        const at = entry._kind === 'iban' ? 'payment_method_data.sepa_debit.iban' : 'payment_method_data.card';
        return this._callWithCard(entry, path, { ...params, payment_method_data: details }, at);
      }
      const paid = typeof method === 'object' ? { payment_method_data: { type, ...method } } : { payment_method: method };
      return this._call('POST', path, { ...params, ...paid });
    }

    /** Shows or follows the next action of an intent; resolves what became of it. */
    async _act(kind, intent) {
      const { act } = await actions;
      const again = () => this._call('GET', `/v1/${kind.plural}/${encodeURIComponent(intent.id)}`, { client_secret: intent.client_secret });
      const after = await act(base, intent, again);
      const error = after.last_payment_error ?? after.last_setup_error;
      if (after.error) return { error: after.error };
      if (error && after.status === 'requires_payment_method') return { error: { ...error, [kind.object]: after } };
      return { [kind.name]: after };
    }

    /** Confirms with the elements of a form, and goes to the page to return to. */
    async _confirmForm({ elements, clientSecret, confirmParams = {}, redirect = 'always' } = {}, kind) {
      const secret = clientSecret ?? elements?._options.clientSecret;
      if (!secret) return { error: invalid('You must provide a clientSecret, to elements() or here.') };
      if (redirect !== 'if_required' && !confirmParams.return_url) {
        return { error: invalid('You must provide a `return_url` in `confirmParams`, or set `redirect` to `if_required`.') };
      }
      const result = await this._confirm(secret, kind, { elements, ...confirmParams });
      if (result.error || redirect === 'if_required') return result;
      (await actions).goBack(result[kind.name], confirmParams.return_url);
      return new Promise(() => {});
    }

    confirmCardPayment(secret, data, options) { return this._confirm(secret, PAYMENT, data, options); }

    confirmCardSetup(secret, data, options) { return this._confirm(secret, SETUP, data, options); }

    confirmPayment(given) { return this._confirmForm(given, PAYMENT); }

    confirmSetup(given) { return this._confirmForm(given, SETUP); }

    async verifyMicrodepositsForPayment(secret, data) { return this._verify(secret, PAYMENT, data); }

    async verifyMicrodepositsForSetup(secret, data) { return this._verify(secret, SETUP, data); }

    async _verify(secret, kind, data) {
      const path = `/v1/${kind.plural}/${encodeURIComponent(idOf(secret))}/verify_microdeposits`;
      return named(kind.name, await this._call('POST', path, { ...data, client_secret: secret }));
    }

    /** The names of Stripe.js before 2019: with an element, with data alone, or with nothing but the secret. */
    handleCardPayment(secret, element, data) { return this.confirmCardPayment(secret, oldConfirm(element, data)); }

    handleCardSetup(secret, element, data) { return this.confirmCardSetup(secret, oldConfirm(element, data)); }

    async retrievePaymentIntent(secret) {
      return named('paymentIntent', await this._call('GET', `/v1/payment_intents/${encodeURIComponent(idOf(secret))}`, { client_secret: secret }));
    }

    async retrieveSetupIntent(secret) {
      return named('setupIntent', await this._call('GET', `/v1/setup_intents/${encodeURIComponent(idOf(secret))}`, { client_secret: secret }));
    }

    async retrieveSource({ id, client_secret: secret }) {
      return named('source', await this._call('GET', `/v1/sources/${encodeURIComponent(id)}`, { client_secret: secret }));
    }

    async handleNextAction({ clientSecret }) {
      const kind = idOf(clientSecret).startsWith('seti_') ? SETUP : PAYMENT;
      const found = await this._call('GET', `/v1/${kind.plural}/${encodeURIComponent(idOf(clientSecret))}`, { client_secret: clientSecret });
      return found.error ? { error: found.error } : this._act(kind, found);
    }

    handleCardAction(clientSecret) { return this.handleNextAction({ clientSecret }); }

    async redirectToCheckout({ sessionId } = {}) {
      const page = await this._call('GET', `/v1/payment_pages/${encodeURIComponent(sessionId)}`);
      if (page.error) return { error: page.error };
      if (!page.url) return { error: invalid('This Checkout Session is not open, or has no page of its own.') };
      window.location.assign(page.url);
      return new Promise(() => {});
    }

    async initEmbeddedCheckout(options) { return (await actions).embeddedCheckout(base, options); }

    createEmbeddedCheckoutPage(options) { return this.initEmbeddedCheckout(options); }

    paymentRequest() { return { canMakePayment: async () => null, on() {}, show() {}, update() {}, abort() {} }; }

    registerAppInfo() {}
  }

  Object.entries(NAMED).forEach(([name, type]) => {
    StripeObject.prototype[`confirm${name}Payment`] = function confirm(secret, data, options) {
      return this._confirm(secret, { ...PAYMENT, type }, { payment_method: {}, ...data }, options);
    };
    StripeObject.prototype[`confirm${name}Setup`] = function confirm(secret, data, options) {
      return this._confirm(secret, { ...SETUP, type }, { payment_method: {}, ...data }, options);
    };
  });

  /** The second and third arguments of the old names, as `confirmCardPayment` takes them. */
  function oldConfirm(element, data) {
    const { payment_method_data: details, ...rest } = (element instanceof Element ? data : element ?? data) ?? {};
    if (element instanceof Element) return { ...rest, payment_method: { ...details, card: element } };
    return details ? { ...rest, payment_method: details } : rest;
  }

  // ------------------------------------------------------------------ the page

  const ELSEWHERE = /^https:\/\/(api|uploads|files)\.stripe\.com(?=\/)/;

  /** Pages that call Stripe's hosts themselves reach the sandbox instead. */
  function patchFetch() {
    const { fetch } = window;
    window.fetch = (target, options) => {
      const address = target instanceof Request ? target.url : String(target);
      if (!ELSEWHERE.test(address)) return fetch.call(window, target, options);
      const moved = address.replace(ELSEWHERE, base);
      return fetch.call(window, target instanceof Request ? new Request(moved, target) : moved, options);
    };
  }

  function Stripe(key, options) {
    return new StripeObject(key, options);
  }
  // `/basil/stripe.js` is of the release `basil`, which loadStripe compares with its own.
  Stripe.version = /\/js\.stripe\.com\/([a-z]+)\/stripe\.js/.exec(document.currentScript?.src ?? '')?.[1] ?? 3;
  Stripe.sandbox = base;
  Stripe.prototype = StripeObject.prototype;
  window.Stripe = Stripe;
  patchFetch();
})();
