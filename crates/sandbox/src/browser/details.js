// The life of details.html: an address, an email address or an IBAN, and whether it is complete.
import { call } from './api.js';
import { listen, setting, tell } from './channel.js';

const form = document.querySelector('form');
const kind = setting('kind');
form.querySelectorAll('[data-kind]').forEach((element) => { if (element.dataset.kind !== kind) element.remove(); });
const inputs = [...form.querySelectorAll('.Input')];
const OPTIONAL = ['state'];
let isTold = false;

const entry = (name) => inputs.find((input) => input.name === name)?.value.trim() ?? '';

function value() {
  if (kind === 'linkAuthentication') return { email: entry('email') };
  if (kind === 'iban') return {};
  const { name, ...address } = Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()]));
  return { name, address: { ...address, country: address.country.toUpperCase() } };
}

function isComplete() {
  if (kind === 'linkAuthentication') return /^\S+@\S+\.\S+$/.test(entry('email'));
  if (kind === 'iban') return /^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/i.test(entry('iban').replace(/\s/g, ''));
  return inputs.every((input) => input.value.trim() || OPTIONAL.includes(input.name));
}

const state = () => ({ complete: isComplete(), empty: inputs.every((input) => !input.value), value: value(), isNewAddress: true });

const incomplete = () => ({ type: 'validation_error', code: kind === 'iban' ? 'incomplete_iban' : 'incomplete', message: kind === 'iban' ? 'Your IBAN is incomplete.' : 'Please complete your details.' });

function take(options) {
  const known = options.defaultValues ?? {};
  const start = { ...known, ...known.address };
  inputs.forEach((input) => { if (start[input.name] && !isTold) input.value = start[input.name]; });
  tell('height', { height: Math.ceil(form.getBoundingClientRect().height) });
  if (!isTold) tell('ready');
  isTold = true;
}

/** Puts the IBAN where the call wants it: `payment_method_data.sepa_debit.iban`. */
function callWithEntry({ caller, path, params, at }) {
  if (!isComplete()) return { error: incomplete() };
  const whole = structuredClone(params);
  const steps = at.split('.');
  const last = steps.pop();
  steps.reduce((inside, step) => { inside[step] ??= {}; return inside[step]; }, whole)[last] = entry('iban');
  return call({ ...caller, base: window.location.origin }, 'POST', path, whole);
}

form.addEventListener('submit', (event) => event.preventDefault());
inputs.forEach((input) => {
  input.addEventListener('focus', () => tell('focus'));
  input.addEventListener('blur', () => tell('blur'));
  input.addEventListener('input', () => tell('change', state()));
});
new ResizeObserver(() => tell('height', { height: Math.ceil(form.getBoundingClientRect().height) })).observe(form);
listen({
  options: take,
  clear: () => inputs.forEach((input) => { input.value = ''; }),
  focus: () => inputs[0].focus(),
  blur: () => document.activeElement?.blur(),
  value: state,
  check: () => (isComplete() ? {} : { error: incomplete() }),
  call: callWithEntry,
});
tell('loaded');
