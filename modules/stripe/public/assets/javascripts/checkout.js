// Opens Stripe's card popup for every [data-stripe-checkout] on the page, each within its own form.
// The form is submitted once, with the token of the card in its hidden field.
(() => {
  if (window.sluicegateCheckout) return;
  window.sluicegateCheckout = true;

  function prepare(container) {
    const form = container.closest('form');
    if (!form) return;
    const source = container.querySelector('[data-stripe-source]');
    const email = container.querySelector('[data-stripe-email]');
    const button = container.querySelector('[data-stripe-open]');
    const settings = container.dataset;
    let submitted = false;

    function busy(yes) {
      form.toggleAttribute('aria-busy', yes);
      if (button) button.disabled = yes;
    }

    function submit(token) {
      if (submitted || !token || token.error) return;
      submitted = true;
      source.value = token.id;
      if (email && token.email) email.value = token.email;
      busy(true);
      form.submit();
    }

    function open() {
      if (submitted) return;
      if (!window.StripeCheckout) {
        alert('The card form could not be loaded. Please check your connection and try again.');
        return;
      }
      const popup = window.StripeCheckout.configure({
        key: settings.key,
        locale: 'auto',
        token: submit,
      });
      const options = {
        name: settings.name,
        description: settings.description,
        panelLabel: settings.panelLabel,
        zipCode: settings.requireZip === 'true',
      };
      if (settings.amount) options.amount = Number(settings.amount);
      if (settings.currency) options.currency = settings.currency;
      if (settings.email) options.email = settings.email;
      popup.open(options);
    }

    // The button is a submit button: Enter in any field of the form opens the popup just the same.
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      open();
    });

    // Coming back with the browser's Back button: the page is as it was left, so make it usable again.
    window.addEventListener('pageshow', (event) => {
      if (!event.persisted) return;
      submitted = false;
      source.value = '';
      busy(false);
    });

    if (!button) open();
  }

  document.querySelectorAll('[data-stripe-checkout]').forEach(prepare);
})();
