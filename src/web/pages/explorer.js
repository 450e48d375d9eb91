// The GraphQL explorer: sends the query, shows the answer, lists the schema from introspection.
"use strict";

const byId = (id) => document.getElementById(id);

async function send(query, variables) {
  const response = await fetch("/graphql", {
    method: "POST",
    // It asks as a program of this machine, not as a visitor who is signed in to the site.
    credentials: "omit",
    headers: { "Content-Type": "application/json", "X-Requested-With": "explorer" },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

async function run() {
  const begun = performance.now();
  try {
    const variables = JSON.parse(byId("variables").value || "{}");
    const answer = await send(byId("query").value, variables);
    byId("answer").textContent = JSON.stringify(answer, null, 2);
  } catch (error) {
    byId("answer").textContent = String(error);
  }
  byId("took").textContent = `${Math.round(performance.now() - begun)} ms`;
}

const INTROSPECTION = `{ __schema { queryType { name } mutationType { name } types { name kind description
  fields { name description args { name description type { ...T } } type { ...T } }
  inputFields { name description type { ...T } } enumValues { name } } } }
  fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }`;

function typeText(type) {
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  if (type.kind === "LIST") return `[${typeText(type.ofType)}]`;
  return type.name;
}

function fieldLine(field) {
  const args = (field.args || []).map((a) => `${a.name}: ${typeText(a.type)}`).join(", ");
  return `${field.name}${args ? `(${args})` : ""}: ${typeText(field.type)}`;
}

function show(types, wanted) {
  const box = byId("schema");
  box.textContent = "";
  for (const type of types) {
    const fields = [...(type.fields || []), ...(type.inputFields || [])];
    const lines = fields.filter((f) => `${type.name} ${f.name}`.toLowerCase().includes(wanted));
    if (!lines.length) continue;
    const title = document.createElement("h3");
    title.textContent = type.name;
    const list = document.createElement("ul");
    for (const field of lines) {
      const item = document.createElement("li");
      const code = document.createElement("code");
      code.textContent = fieldLine(field);
      item.append(code, field.description ? ` ${field.description}` : "");
      list.append(item);
    }
    box.append(title, list);
  }
}

async function loadSchema() {
  const answer = await send(INTROSPECTION, {});
  if (!answer.data) {
    byId("schema").textContent = JSON.stringify(answer.errors, null, 2);
    return;
  }
  const schema = answer.data.__schema;
  const roots = [schema.queryType, schema.mutationType].filter(Boolean).map((t) => t.name);
  const types = schema.types.filter((t) => !t.name.startsWith("__"));
  types.sort((a, b) => roots.includes(b.name) - roots.includes(a.name) || a.name.localeCompare(b.name));
  show(types, "");
  byId("find").addEventListener("input", () => show(types, byId("find").value.trim().toLowerCase()));
}

byId("run").addEventListener("click", run);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
loadSchema();
