// Makes plain inputs pleasant to type a card into: writes entries in groups, keeps the caret where
// it was, goes on to the next input when one is full and back when one is emptied.
import { FORMATS, isFull } from './card.js';

const isDigit = (character) => character >= '0' && character <= '9';

/** What the inputs hold, by their names. */
export function valuesOf(inputs) {
  return Object.fromEntries(inputs.map((input) => [input.name, input.value]));
}

/** Writes an entry anew, with the caret after the same digit as before. */
function rewrite(input, inputs) {
  const before = [...input.value.slice(0, input.selectionStart)].filter(isDigit).length;
  const atEnd = input.selectionStart === input.value.length;
  const written = FORMATS[input.name](input.value, valuesOf(inputs));
  if (written === input.value) return;
  input.value = written;
  if (atEnd) {
    input.setSelectionRange(written.length, written.length);
    return;
  }
  let caret = 0;
  for (let seen = 0; caret < written.length && seen < before; caret += 1) {
    if (isDigit(written[caret])) seen += 1;
  }
  input.setSelectionRange(caret, caret);
}

/** Backspace over the ` / ` of a date takes the digit before it, too. */
function erasePastSeparator(event, input) {
  const caret = input.selectionStart;
  if (event.key !== 'Backspace' || caret !== input.selectionEnd) return;
  const left = input.value.slice(0, caret);
  const kept = left.replace(/[\s/]+$/, '');
  if (kept === left) return;
  event.preventDefault();
  input.value = kept.slice(0, -1) + input.value.slice(caret);
  input.setSelectionRange(kept.length - 1, kept.length - 1);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** Prepares inputs, given in their order; `changed` is called after each entry. */
export function prepare(inputs, changed) {
  const forms = inputs.filter((input) => FORMATS[input.name]);
  forms.forEach((input, at) => {
    input.addEventListener('input', (event) => {
      const erased = String(event.inputType ?? '').startsWith('delete');
      const atEnd = input.selectionStart === input.value.length;
      if (!(erased && atEnd)) rewrite(input, forms);
      changed(input);
      const typing = document.activeElement === input && !erased && atEnd;
      if (typing && isFull(input.name, valuesOf(forms))) forms[at + 1]?.focus();
    });
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Backspace' && input.value === '' && at > 0) {
        event.preventDefault();
        forms[at - 1].focus();
      } else {
        erasePastSeparator(event, input);
      }
    });
  });
}
