// The console's try-it form: posts the filled fields to the request type's endpoint.
"use strict";

const form = document.getElementById("try");
const outcome = document.getElementById("outcome");

function value(field) {
  const text = field.value.trim();
  if (["hash", "array"].includes(field.dataset.kind)) return JSON.parse(text);
  return text;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const data = {};
    for (const field of form.querySelectorAll("[name]")) {
      if (field.value.trim()) data[field.name] = value(field);
    }
    const answer = await fetch(`/console/request_types/${form.dataset.name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.token },
      body: JSON.stringify({ data }),
    });
    outcome.textContent = `HTTP ${answer.status}\n${JSON.stringify(await answer.json(), null, 2)}`;
  } catch (error) {
    outcome.textContent = String(error);
  } finally {
    button.disabled = false;
  }
});
