// The inside of a card element's iframe: keeps the inputs its kind needs, reports what changes, and
// calls the API itself when a card is needed, so that no number leaves this page for the shop's.
import { brandOf, cardParams, fault } from './card.js';
import { call } from './api.js';
import { listen, setting, tell } from './channel.js';
import { prepare, valuesOf } from './typing.js';

const NAMES = {
  card: ['cardnumber', 'exp-date', 'cvc', 'postal'],
  cardNumber: ['cardnumber'], cardExpiry: ['exp-date'], cardCvc: ['cvc'], postalCode: ['postal'],
};
const STYLES = [
  'color', 'backgroundColor', 'fontFamily', 'fontSize', 'fontStyle', 'fontVariant', 'fontWeight', 'letterSpacing',
  'lineHeight', 'padding', 'textAlign', 'textDecoration', 'textShadow', 'textTransform',
];

const form = document.querySelector('form');
const icon = document.querySelector('.Icon');
const wanted = NAMES[setting('kind')] ?? NAMES.card;
const isWhole = wanted.length > 1;
const inputs = [...form.querySelectorAll('input')].filter((input) => {
  if (!wanted.includes(input.name)) input.remove();
  return input.isConnected;
});
let options = {};
let told = '';

const shown = () => inputs.filter((input) => !input.hidden);

/** The entries of this frame and of its siblings, the other parts of the same card. */
function entries(frames = []) {
  const siblings = frames.flatMap((name) => {
    try {
      return window.parent.frames[name]?.sluicegateField ?? [];
    } catch {
      return []; // a frame of that name that is not ours
    }
  });
  return Object.assign({}, ...siblings.map((field) => field.values()), valuesOf(shown()));
}

/** The first fault of all entries, those left empty included. */
function faultOf(values, names = Object.keys(values)) {
  return names.map((name) => fault(name, values)).find(Boolean) ?? null;
}

/** A fault to show while typing: not of what is empty, nor of what is still being typed. */
function visibleFault() {
  const values = valuesOf(shown());
  const settled = shown().filter((input) => {
    const found = input.value && fault(input.name, values);
    return found && !(found.code.startsWith('incomplete') && document.activeElement === input);
  });
  shown().forEach((input) => input.setAttribute('aria-invalid', String(settled.includes(input))));
  return settled.length > 0 ? fault(settled[0].name, values) : undefined;
}

function applyStyles() {
  const { base = {}, empty = {}, complete = {}, invalid = {} } = options.style ?? {};
  const values = valuesOf(shown());
  const root = document.documentElement.style;
  const put = (name, value) => (value ? root.setProperty(name, value) : root.removeProperty(name));
  put('--placeholder', base['::placeholder']?.color);
  put('--invalid', invalid.color);
  put('--icon', base.iconColor);
  shown().forEach((input) => {
    const isWrong = input.getAttribute('aria-invalid') === 'true';
    const state = isWrong ? invalid : !input.value ? empty : fault(input.name, values) ? {} : complete;
    STYLES.forEach((name) => { input.style[name] = state[name] ?? base[name] ?? ''; });
  });
}

function report() {
  const values = valuesOf(shown());
  const brand = brandOf(values.cardnumber);
  const error = visibleFault();
  const state = {
    empty: shown().every((input) => input.value === ''),
    complete: faultOf(values) === null,
    error,
    ...('cardnumber' in values ? { brand: brand.name } : {}),
    ...(isWhole ? { value: { postalCode: values.postal ?? '' } } : {}),
  };
  icon.dataset.brand = brand.name;
  icon.classList.toggle('is-wrong', Boolean(error));
  applyStyles();
  measure();
  const text = JSON.stringify(state);
  if (text === told) return;
  const isFirst = told === '';
  told = text;
  if (!isFirst) tell('change', state);
}

function measure() {
  const height = Math.ceil(form.getBoundingClientRect().height);
  if (height > 0) tell('height', { height });
}

function take(given) {
  const isFirst = told === '';
  options = given;
  const named = Object.fromEntries(inputs.map((input) => [input.name, input]));
  if (named.postal && isWhole) named.postal.hidden = given.hidePostalCode === true;
  if (isFirst && named.postal) named.postal.value = given.value?.postalCode ?? '';
  if (!isWhole && given.placeholder !== undefined) inputs[0].placeholder = given.placeholder;
  inputs.forEach((input) => { input.disabled = given.disabled === true; });
  const showsIcon = isWhole ? given.hideIcon !== true : given.showIcon === true;
  icon.toggleAttribute('hidden', !showsIcon);
  report();
  if (isFirst) tell('ready');
}

function clear() {
  inputs.forEach((input) => { input.value = ''; });
  report();
}

/** Puts the card where the call wants it: `payment_method_data.card`. */
function placed(params, at, values) {
  const { address_zip: postal, ...card } = cardParams(values);
  const whole = structuredClone(params);
  const steps = at.split('.');
  const last = steps.pop();
  const holder = steps.reduce((inside, step) => { inside[step] ??= {}; return inside[step]; }, whole);
  if (at === 'cvc_update') {
    holder[last] = { cvc: card.cvc };
  } else if (params.type === 'card' || at !== 'card') {
    // A payment method's postal code is one of its billing details.
    const details = postal ? { address: { postal_code: postal } } : {};
    holder.billing_details = { ...details, ...holder.billing_details, address: { ...details.address, ...holder.billing_details?.address } };
    holder[last] = card;
  } else {
    holder[last] = { ...card, ...(postal ? { address_zip: postal } : {}), ...holder[last] };
  }
  return whole;
}

async function callWithCard({ caller, path, params, at, frames }) {
  const values = entries(frames);
  const needed = at === 'cvc_update' ? ['cvc'] : ['cardnumber', 'exp-date', 'cvc', ...('postal' in values ? ['postal'] : [])];
  const error = faultOf({ cardnumber: '', 'exp-date': '', cvc: '', ...values }, needed);
  if (error) {
    markEmpty(error);
    return { error };
  }
  return call({ ...caller, base: window.location.origin }, 'POST', path, placed(params, at, values));
}

/** Puts the caret where something is missing. */
function markEmpty({ code }) {
  const input = shown().find(({ name }) => fault(name, valuesOf(shown()))?.code === code);
  input?.setAttribute('aria-invalid', 'true');
  input?.focus();
  applyStyles();
}

function check({ frames }) {
  const error = faultOf(entries(frames));
  return error ? { error } : {};
}

form.addEventListener('submit', (event) => event.preventDefault());
inputs.forEach((input) => {
  input.addEventListener('focus', () => { tell('focus'); report(); });
  input.addEventListener('blur', () => { tell('blur'); report(); });
  input.addEventListener('keydown', (event) => { if (event.key === 'Escape') tell('escape'); });
});
prepare(inputs, report);
new ResizeObserver(measure).observe(form);
form.classList.toggle('is-single', !isWhole);
window.sluicegateField = { values: () => valuesOf(shown()) };
listen({
  options: take,
  clear,
  focus: () => shown()[0].focus(),
  blur: () => document.activeElement?.blur(),
  check,
  call: callWithCard,
});
tell('loaded');
