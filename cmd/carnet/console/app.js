// The console is a SMART application (App Launch 2.2) of this server: it is launched on a patient by a professional's software, or opened by itself. The access token stays in memory; what must outlive the way to the
// authorization server and back (state, verifier) lies in sessionStorage and is used once. What comes from the record is only ever put into the page as text, or shown in a frame without rights.
"use strict";

const client = "carnet-console";
const origin = location.origin;
const base = origin + "/fhir";
const redirect = origin + "/console/";
const scopes = "openid fhirUser patient/Patient.r patient/DocumentReference.rs patient/Binary.r";

const byId = (id) => document.getElementById(id);
let token = "";
let next = "";
let shown = ""; // object URL of the document in view

function say(text) {
  byId("message").textContent = text;
  byId("message").hidden = text === "";
}

const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

async function json(url, options) {
  const answer = await fetch(url, { credentials: "omit", redirect: "error", ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw Object.assign(new Error("status " + answer.status), { status: answer.status, body });
  }
  return body;
}

const fhir = (url) => json(url, { headers: { Authorization: "Bearer " + token, Accept: "application/fhir+json" } });

// authorize goes to the authorization server. launch is the handle of an EHR launch; without it the server lets the person choose the patient.
async function authorize(launch) {
  const server = await json(base + "/.well-known/smart-configuration");
  const state = random(), verifier = random(), nonce = random();
  sessionStorage.setItem("attempt", JSON.stringify({ state, verifier, nonce, issuer: server.issuer, token: server.token_endpoint, revoke: server.revocation_endpoint }));
  const challenge = encode(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const query = new URLSearchParams({
    response_type: "code", client_id: client, redirect_uri: redirect, state, nonce, aud: base, code_challenge: challenge, code_challenge_method: "S256",
    scope: (launch ? "launch " : "launch/patient ") + scopes,
  });
  if (launch) {
    query.set("launch", launch);
  }
  location.assign(server.authorization_endpoint + "?" + query);
}

// redeem takes the answer of the authorization server.
async function redeem(query) {
  const attempt = JSON.parse(sessionStorage.getItem("attempt") || "null");
  sessionStorage.removeItem("attempt");
  history.replaceState(null, "", redirect);
  if (!attempt || query.get("state") !== attempt.state || query.get("iss") !== attempt.issuer) {
    say("Cette réponse ne correspond à aucune connexion en cours. Recommencez.");
    byId("start").hidden = false;
    return;
  }
  if (query.get("error")) {
    say(query.get("error") === "access_denied" ? "L'accès n'a pas été accordé." : "La connexion n'a pas abouti.");
    byId("start").hidden = false;
    return;
  }
  const form = new URLSearchParams({ grant_type: "authorization_code", code: query.get("code") || "", redirect_uri: redirect, client_id: client, code_verifier: attempt.verifier });
  const granted = await json(attempt.token, { method: "POST", body: form });
  token = granted.access_token;
  byId("leave").hidden = false;
  byId("leave").onclick = () => leave(attempt.revoke);
  await open(granted.patient);
}

async function leave(revoke) {
  await fetch(revoke, { method: "POST", credentials: "omit", body: new URLSearchParams({ token, client_id: client }) }).catch(() => {});
  token = "";
  location.assign(origin + "/auth/signout");
}

async function open(patient) {
  byId("record").hidden = false;
  if (!patient) {
    say("Aucun patient n'a été choisi.");
    return;
  }
  const person = await fhir(base + "/Patient/" + encodeURIComponent(patient));
  showPerson(person);
  await list(base + "/DocumentReference?" + new URLSearchParams({ patient, status: "current", _sort: "-creation", _count: "25" }));
}

const date = (text) => (text ? new Date(text).toLocaleDateString("fr-FR", { dateStyle: "long" }).replace(/^1 /, "1er ") : "");

function showPerson(person) {
  const names = person.name || [];
  const name = names.find((n) => n.use === "official") || names[0] || {};
  const usual = names.find((n) => n.use === "usual" && n.family !== name.family);
  byId("name").textContent = [(name.family || "").toUpperCase(), ...(name.given || []).slice(0, 1)].join(" ") + (usual ? " (" + usual.family.toUpperCase() + ")" : "");
  const born = { female: "Née le ", male: "Né le " }[person.gender] || "Né(e) le ";
  const ins = (person.identifier || []).find((i) => /^urn:oid:1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)$/.test(i.system) && i.use !== "old");
  byId("traits").textContent = born + date(person.birthDate) + (ins ? " – INS " + ins.value : "") + (person.active === false ? " – dossier fermé" : "");
  document.title = "Carnet – dossier du patient";
}

async function list(url) {
  const bundle = await fhir(url);
  const rows = byId("documents");
  for (const entry of bundle.entry || []) {
    if (entry.resource && entry.resource.resourceType === "DocumentReference") {
      rows.append(row(entry.resource));
    }
  }
  byId("count").textContent = rows.childElementCount === 0 ? "Aucun document que vous puissiez consulter." : rows.childElementCount + (bundle.total ? " sur " + bundle.total : "");
  next = ((bundle.link || []).find((l) => l.relation === "next") || {}).url || "";
  byId("more").hidden = next === "";
}

function row(reference) {
  const line = document.createElement("tr");
  const content = (reference.content || [])[0] || {};
  const attachment = content.attachment || {};
  const cell = (...children) => {
    const td = document.createElement("td");
    td.append(...children);
    line.append(td);
  };
  const period = (reference.context || {}).period || {};
  cell(date(attachment.creation || period.start || reference.date));
  const button = document.createElement("button");
  const type = ((reference.type || {}).coding || [])[0] || {};
  button.textContent = attachment.title || type.display || "Document";
  button.onclick = () => show(attachment, button.textContent).catch(failed);
  cell(button, document.createElement("br"), type.display || "");
  cell(authors(reference));
  return line;
}

function authors(reference) {
  const contained = new Map((reference.contained || []).map((r) => ["#" + r.id, r]));
  const follow = (ref) => contained.get((ref || {}).reference) || {};
  const names = (reference.author || []).map((ref) => {
    const author = follow(ref);
    const person = author.resourceType === "PractitionerRole" ? follow(author.practitioner) : author;
    const structure = author.resourceType === "PractitionerRole" ? follow(author.organization) : {};
    const name = Array.isArray(person.name) ? person.name[0] || {} : { family: person.name };
    const who = [...(name.given || []), name.family].filter(Boolean).join(" ");
    return who || structure.name || ref.display || "";
  });
  return names.filter(Boolean).join(", ");
}

// show gives a document as its type lets it be seen: a CDA document as the page that the server makes of it, in a frame without scripts, forms or origin. Such a frame shows no PDF
// that lies inside the document; as asks for the document as a PDF instead.
async function show(attachment, title, as) {
  const address = new URL(attachment.url, base + "/");
  if (address.origin !== origin) {
    say("Ce document est tenu par un autre serveur.");
    return;
  }
  say("");
  const xml = /xml/.test(attachment.contentType || "") && !/fhir/.test(attachment.contentType);
  const answer = await fetch(address, { credentials: "omit", headers: { Authorization: "Bearer " + token, Accept: as || (xml ? "text/html" : attachment.contentType || "*/*") } });
  if (!answer.ok) {
    throw Object.assign(new Error("status " + answer.status), { status: answer.status });
  }
  const kind = (answer.headers.get("Content-Type") || "").split(";")[0];
  const page = byId("page");
  page.replaceChildren();
  if (shown) {
    URL.revokeObjectURL(shown);
    shown = "";
  }
  byId("download").hidden = true;
  byId("print").hidden = !xml || as !== undefined;
  byId("print").onclick = () => show(attachment, title, "application/pdf").catch(failed);
  if (kind === "text/html" && xml) {
    const frame = document.createElement("iframe");
    frame.sandbox = "";
    frame.title = title;
    frame.srcdoc = await answer.text();
    page.append(frame);
  } else {
    const blob = await answer.blob();
    // What is not shown here is not shown in a window of its own either: it could run in the name of this page.
    shown = URL.createObjectURL(new Blob([blob], { type: viewable(kind) ? kind : "application/octet-stream" }));
    page.append(...view(kind, title));
    byId("download").href = shown;
    byId("download").download = title.replace(/[^\p{L}\p{N} ._-]/gu, "_");
    byId("download").hidden = false;
  }
  byId("title").textContent = title;
  byId("viewer").hidden = false;
}

const viewable = (kind) => kind === "application/pdf" || /^image\/(png|jpeg|gif|webp)$/.test(kind);

function view(kind, title) {
  if (kind === "application/pdf") {
    const frame = document.createElement("iframe");
    frame.title = title;
    frame.src = shown;
    return [frame];
  }
  if (viewable(kind)) {
    const image = document.createElement("img");
    image.alt = title;
    image.src = shown;
    return [image];
  }
  return ["Ce type de document ne s'affiche pas ici."];
}

function failed(error) {
  const words = { 401: "La session est terminée. Reconnectez-vous.", 403: "Vos droits ne permettent pas cette consultation.", 404: "Ce dossier, ou ce document, n'existe pas pour vous.", 410: "Ce document a été supprimé." };
  say(words[error.status] || "Le serveur ne répond pas comme prévu.");
  if (error.status === 401) {
    byId("start").hidden = false;
  }
}

async function begin() {
  byId("enter").onclick = () => authorize("").catch(failed);
  byId("more").onclick = () => list(next).catch(failed);
  const query = new URLSearchParams(location.search);
  if (query.has("code") || query.has("error")) {
    await redeem(query);
  } else if (query.has("launch") && query.get("iss") === base) {
    await authorize(query.get("launch"));
  } else if (query.has("launch")) {
    say("Ce lancement vient d'un autre serveur.");
  } else {
    byId("start").hidden = false;
  }
}

begin().catch(failed);
