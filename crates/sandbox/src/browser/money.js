// Writes amounts, given in a currency's smallest unit as Stripe counts them, for people.

/** Currencies that Stripe counts in whole units, in hundredths that they do not have, and in thousandths. */
const WHOLE = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ');
const HUNDREDTHS_ONLY = 'ISK UGX'.split(' ');
const THOUSANDTHS = 'BHD JOD KWD OMR TND'.split(' ');

/** `500, 'usd'` → `$5.00`; `500, 'jpy'` → `¥500`. Empty without an amount. */
export function formatAmount(amount, currency = 'usd', locale = 'en-US') {
  if (amount === undefined || amount === null || amount === '' || !Number.isFinite(Number(amount))) return '';
  const code = String(currency || 'usd').toUpperCase();
  const digits = WHOLE.includes(code) ? 0 : THOUSANDTHS.includes(code) ? 3 : 2;
  const value = Number(amount) / 10 ** digits;
  const shown = HUNDREDTHS_ONLY.includes(code) && Number.isInteger(value) ? 0 : digits;
  const style = { style: 'currency', currency: code, minimumFractionDigits: shown, maximumFractionDigits: shown };
  try {
    return new Intl.NumberFormat(locale, style).format(value);
  } catch {
    return `${value.toFixed(shown)} ${code}`;
  }
}

/** `Pay {{amount}}` → `Pay $5.00`; a label without the place gets the amount at its end. */
export function buttonLabel(label, amount, currency) {
  const written = formatAmount(amount, currency);
  const text = String(label || 'Pay {{amount}}');
  const place = /\{\{\s*amount\s*\}\}/g;
  const whole = place.test(text) ? text.replace(place, () => written) : `${text} ${written}`;
  return whole.replace(/\s+/g, ' ').trim();
}
