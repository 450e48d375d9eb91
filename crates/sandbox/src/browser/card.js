// What a card form knows of cards: brands, how numbers are written, and what is wrong with an entry.
// An ES module without any DOM, shared by the card element and the checkout popup.

/** `gaps`: after how many digits the number is written with a space. */
export const BRANDS = [
  { name: 'visa', title: 'Visa', pattern: /^4/, lengths: [16], gaps: [4, 8, 12], cvc: 3 },
  { name: 'mastercard', title: 'Mastercard', pattern: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16], gaps: [4, 8, 12], cvc: 3 },
  { name: 'amex', title: 'American Express', pattern: /^3[47]/, lengths: [15], gaps: [4, 10], cvc: 4 },
  { name: 'discover', title: 'Discover', pattern: /^(6011|64[4-9]|65)/, lengths: [16], gaps: [4, 8, 12], cvc: 3 },
  { name: 'diners', title: 'Diners Club', pattern: /^(30[0-5]|3[689])/, lengths: [14, 16], gaps: [4, 10], cvc: 3 },
  { name: 'jcb', title: 'JCB', pattern: /^35/, lengths: [16], gaps: [4, 8, 12], cvc: 3 },
  { name: 'unionpay', title: 'UnionPay', pattern: /^62/, lengths: [16, 17, 18, 19], gaps: [4, 8, 12, 16], cvc: 3 },
];

const UNKNOWN = { name: 'unknown', title: 'Card', pattern: /^/, lengths: [16], gaps: [4, 8, 12], cvc: 4 };

const MESSAGES = {
  incomplete_number: 'Your card number is incomplete.',
  invalid_number: 'Your card number is invalid.',
  incomplete_expiry: "Your card's expiration date is incomplete.",
  invalid_expiry_month: "Your card's expiration month is invalid.",
  invalid_expiry_month_past: "Your card's expiration date is in the past.",
  invalid_expiry_year: "Your card's expiration year is invalid.",
  invalid_expiry_year_past: "Your card's expiration year is in the past.",
  incomplete_cvc: "Your card's security code is incomplete.",
  incomplete_zip: 'Your postal code is incomplete.',
};

export const digitsOf = (text) => String(text ?? '').replace(/\D/g, '');

/** The brand of a number, complete or just begun. */
export function brandOf(number) {
  const digits = digitsOf(number);
  return (digits && BRANDS.find((brand) => brand.pattern.test(digits))) || UNKNOWN;
}

/** The check digit that every card number ends with. */
export function passesLuhn(digits) {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return digits.length > 0 && sum % 10 === 0;
}

/** `4242424242424242` → `4242 4242 4242 4242`. */
export function formatNumber(text) {
  const brand = brandOf(text);
  const digits = digitsOf(text).slice(0, Math.max(...brand.lengths));
  return [...digits].map((digit, at) => (brand.gaps.includes(at) ? ` ${digit}` : digit)).join('');
}

/** `1234` → `12 / 34`, `3` → `03 / `; `12/2034` → `12 / 34`. */
export function formatExpiry(text) {
  let digits = digitsOf(text);
  if (/^[2-9]/.test(digits) || /^1\s*\//.test(text)) digits = `0${digits}`;
  if (/^\d\d20\d\d$/.test(digits)) digits = digits.slice(0, 2) + digits.slice(4);
  digits = digits.slice(0, 4);
  if (digits.length < 2) return digits;
  return `${digits.slice(0, 2)} / ${digits.slice(2)}`;
}

/** The brand decides how long a security code is. */
export const formatCvc = (text, number = '') => digitsOf(text).slice(0, brandOf(number).cvc);

export const formatPostal = (text) => String(text ?? '').slice(0, 10).toUpperCase();

/** `12 / 34` → `{ month: 12, year: 2034 }`. */
export function expiryOf(text) {
  const digits = digitsOf(text);
  return { month: Number(digits.slice(0, 2)), year: 2000 + Number(digits.slice(2, 4)) };
}

function numberFault(text) {
  const digits = digitsOf(text);
  const { lengths } = brandOf(digits);
  if (digits.length < Math.min(...lengths)) return 'incomplete_number';
  if (passesLuhn(digits)) return lengths.includes(digits.length) ? null : 'incomplete_number';
  return digits.length < Math.max(...lengths) ? 'incomplete_number' : 'invalid_number';
}

function expiryFault(text, now) {
  const { month, year } = expiryOf(text);
  const digits = digitsOf(text);
  if (digits.length >= 2 && (month < 1 || month > 12)) return 'invalid_expiry_month';
  if (digits.length < 4) return 'incomplete_expiry';
  if (year < now.getFullYear()) return 'invalid_expiry_year_past';
  if (year === now.getFullYear() && month <= now.getMonth()) return 'invalid_expiry_month_past';
  return year >= now.getFullYear() + 50 ? 'invalid_expiry_year' : null;
}

function cvcFault(text, number) {
  const { name, cvc } = brandOf(number);
  const needed = name === 'unknown' ? 3 : cvc;
  return digitsOf(text).length < needed ? 'incomplete_cvc' : null;
}

// A US postal code is all digits and needs five; others are taken when they have three characters.
function postalFault(text) {
  const postal = String(text ?? '').trim();
  const needed = /^\d+$/.test(postal) ? 5 : 3;
  return postal.length < needed ? 'incomplete_zip' : null;
}

/**
 * What is wrong with one entry: `{ type, code, message }`, or null. `values` holds the entries by
 * the names of their inputs: `cardnumber`, `exp-date`, `cvc`, `postal`.
 */
export function fault(name, values, now = new Date()) {
  const code = {
    cardnumber: () => numberFault(values.cardnumber),
    'exp-date': () => expiryFault(values['exp-date'], now),
    cvc: () => cvcFault(values.cvc, values.cardnumber),
    postal: () => postalFault(values.postal),
  }[name]();
  return code && { type: 'validation_error', code, message: MESSAGES[code] };
}

/** How each entry is written while it is typed. */
export const FORMATS = {
  cardnumber: (text) => formatNumber(text),
  'exp-date': (text) => formatExpiry(text),
  cvc: (text, values) => formatCvc(text, values.cardnumber),
  postal: (text) => formatPostal(text),
};

/** Whether an entry is as long as it can be, so that typing goes on in the next input. */
export function isFull(name, values, now = new Date()) {
  if (name === 'postal' || fault(name, values, now)) return false;
  if (name !== 'cvc') return true;
  return digitsOf(values.cvc).length === brandOf(values.cardnumber).cvc;
}

/** The `card` parameters of the API, from the entries. */
export function cardParams(values) {
  const { month, year } = expiryOf(values['exp-date']);
  return {
    number: digitsOf(values.cardnumber),
    exp_month: month,
    exp_year: year,
    cvc: digitsOf(values.cvc),
    address_zip: values.postal?.trim() || undefined,
  };
}
