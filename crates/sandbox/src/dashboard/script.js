// The dashboard: sends what its buttons and forms say, and renews the tables without a reload, so
// that nothing loses the focus. Without scripts, all pages still show what is.
const said = document.getElementById('said');
let quiet;

function say(text) {
  said.textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { said.textContent = ''; }, 4000);
}

/** Calls the control interface; says what went wrong. */
async function call(method, path, body) {
  const answer = await fetch(path, { method, body });
  if (answer.ok) return true;
  const fault = await answer.json().catch(() => ({}));
  say(fault.error?.message ?? `The sandbox answered ${answer.status}.`);
  return false;
}

/** Replaces what is marked as live by its newer version, unless somebody is working in it. */
async function renew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const newer = page.getElementById(part.id);
    const busy = part.contains(document.activeElement) || window.getSelection()?.containsNode(part, true) && String(window.getSelection());
    if (newer && !busy && newer.innerHTML !== part.innerHTML) part.innerHTML = newer.innerHTML;
  }
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-send]');
  if (!button) return;
  if (button.dataset.ask && !window.confirm(button.dataset.ask)) return;
  const [method, path] = button.dataset.send.split(' ');
  if (await call(method, path, method === 'POST' ? button.dataset.body ?? '' : undefined)) say(button.dataset.done ?? 'Done.');
  button.blur();
  renew();
});

/** The fields of a form as JSON: numbers, switches and texts; empty ones are left out. */
function fields(form) {
  const all = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.type === 'checkbox') all[field.name] = field.checked;
    else if (field.value !== '') all[field.name] = field.type === 'number' ? Number(field.value) : field.value;
  }
  return all;
}

document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-send]');
  if (!form) return;
  event.preventDefault();
  const [method, path] = form.dataset.send.split(' ');
  if (await call(method, path, JSON.stringify(fields(form)))) say(form.dataset.done ?? 'Saved.');
  document.activeElement?.blur();
  renew();
});

setInterval(() => { if (!document.hidden) renew(); }, 2500);
