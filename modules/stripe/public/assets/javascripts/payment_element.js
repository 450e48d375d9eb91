// Mounts Stripe's Payment Element in every [data-stripe-payment-element] on the page, each within its own form.
// The form is submitted once, with a confirmation token in its hidden field; the server pays with it.
(() => {
  if (window.sluicegatePaymentElement) return;
  window.sluicegatePaymentElement = true;

  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim() || undefined;

  function optionsOf(settings) {
    const options = {
      mode: settings.mode,
      currency: settings.currency,
      paymentMethodCreation: 'manual',
      appearance: { variables: { colorPrimary: color('--stripe-color') } },
    };
    if (settings.mode === 'payment') options.amount = Number(settings.amount);
    if (settings.captureMethod) options.captureMethod = settings.captureMethod;
    if (settings.setupFutureUsage) options.setupFutureUsage = settings.setupFutureUsage;
    if (settings.paymentMethodTypes) options.paymentMethodTypes = settings.paymentMethodTypes.split(',');
    return options;
  }

  function prepare(container) {
    const form = container.closest('form');
    if (!form) return;
    const find = (name) => container.querySelector(`[data-stripe-${name}]`);
    const [token, error, button] = [find('token'), find('error'), find('submit')];
    const settings = container.dataset;
    let submitted = false;

    function say(message) {
      error.textContent = message ?? '';
    }

    function busy(yes) {
      form.toggleAttribute('aria-busy', yes);
      button.disabled = yes;
    }

    if (!window.Stripe) {
      say('The payment form could not be loaded. Please check your connection and try again.');
      return;
    }
    const stripe = window.Stripe(settings.key);
    const elements = stripe.elements(optionsOf(settings));
    const element = elements.create('payment', { defaultValues: { billingDetails: { email: settings.email || undefined } } });
    element.on('ready', () => busy(false));
    element.on('loaderror', ({ error: failed }) => say(failed?.message ?? 'The payment form could not be loaded.'));
    element.mount(find('element'));

    async function collect() {
      const checked = await elements.submit();
      if (checked.error) return checked;
      return stripe.createConfirmationToken({ elements });
    }

    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (submitted) return;
      submitted = true;
      busy(true);
      say();
      const { error: failed, confirmationToken } = await collect().catch((reason) => ({ error: reason }));
      if (failed) {
        // What is wrong with a field stands beside it; only the rest is said here.
        if (failed.type !== 'validation_error') say(failed.message);
        submitted = false;
        busy(false);
        return;
      }
      token.value = confirmationToken.id;
      form.submit();
    });

    // Coming back with the browser's Back button: the token was used, so the page has to ask again.
    window.addEventListener('pageshow', (event) => {
      if (!event.persisted) return;
      submitted = false;
      token.value = '';
      busy(false);
    });
  }

  document.querySelectorAll('[data-stripe-payment-element]').forEach(prepare);
})();
