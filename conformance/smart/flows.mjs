// The flows of SMART App Launch, in headless Chromium, with fhirclient, against a server of this repository that it starts: standalone by a patient and by a professional, EHR launch (contextual call),
// a backend service, and what must be refused. Usage: node flows.mjs CARNET-BINARY
import { spawn, execFileSync } from "node:child_process";
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import puppeteer from "puppeteer-core";
import { start as startApp } from "./app.mjs";

const binary = process.argv[2];
const chromium = process.env.CHROMIUM || "/usr/bin/chromium";
const dir = await mkdtemp(path.join(os.tmpdir(), "carnet-smart-"));
const app = await startApp();
const other = await startApp(); // another origin, which is registered for nothing

// The backend service's key.
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "ES384" };
const b64 = (v) => Buffer.from(typeof v === "string" ? v : JSON.stringify(v)).toString("base64url");
const assertion = (claims, header = {}) => {
  const h = { alg: "ES384", kid: "k1", typ: "JWT", ...header };
  const input = b64(h) + "." + b64(claims);
  if (h.alg === "none") return input + ".";
  return input + "." + sign("sha384", Buffer.from(input), { key: createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" })), dsaEncoding: "ieee-p1363" }).toString("base64url");
};

await writeFile(path.join(dir, "clients.json"), JSON.stringify({
  clients: [
    { client_id: "carnet-test-app", client_name: "Application de test", redirect_uris: [app.url + "/"], launch_uri: app.url + "/launch", token_endpoint_auth_method: "none",
      scope: "launch launch/patient openid fhirUser profile offline_access patient/*.rs user/*.rs" },
    { client_id: "logiciel-ps", client_name: "Logiciel de cabinet", redirect_uris: [app.url + "/"], token_endpoint_auth_method: "none", launcher: true, scope: "launch openid fhirUser offline_access user/*.cruds" },
    { client_id: "service", client_name: "Service de fond", grant_types: ["client_credentials"], token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [jwk] }, scope: "system/Practitioner.rs system/Organization.rs" },
  ],
}));

const server = spawn(binary, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", path.join(dir, "data"), "--clients", path.join(dir, "clients.json"), "--log", "warn"], { stdio: ["ignore", "pipe", "inherit"] });
const base = await new Promise((ready, failed) => {
  let text = "";
  server.stdout.on("data", (b) => {
    text += b;
    const m = text.match(/listens on (\S+)/);
    if (m) ready(m[1]);
  });
  server.on("exit", () => failed(new Error("the server ended: " + text)));
});
const origin = new URL(base).origin;
const token = (...args) => execFileSync(binary, ["token", "--data", path.join(dir, "data"), ...args]).toString().trim();
const fhir = async (bearer, p, init = {}) => {
  const r = await fetch(base + "/" + p, { ...init, headers: { Accept: "application/fhir+json", ...(bearer ? { Authorization: "Bearer " + bearer } : {}), ...init.headers } });
  return { status: r.status, body: await r.json().catch(() => null), headers: r.headers };
};

const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
let passed = 0, failed = 0;
const check = (what, ok, seen) => {
  if (ok) { passed++; console.log("ok   " + what); return; }
  failed++;
  console.log("FAIL " + what + (seen === undefined ? "" : ": " + JSON.stringify(seen).slice(0, 600)));
};
// settle waits until what a click began has loaded.
const go = (page, act) => Promise.all([page.waitForNavigation({ waitUntil: "load", timeout: 15000 }).catch(() => null), act()]);

// walk signs in and answers the screens as a person would, until the application shows what it got, or the server a message.
async function walk(page, { login, person, ins, answers = {}, decision = "accept", untick, until }) {
  const seen = [];
  for (let step = 0; step < 20; step++) {
    await new Promise((r) => setTimeout(r, 60));
    const url = page.url();
    if (url.startsWith(app.url)) { // it may be about to leave for the server, or to tell what it got
      const text = await page.waitForFunction(() => document.getElementById("result")?.textContent, { timeout: 4000 }).then((h) => h.jsonValue()).catch(() => null);
      if (text) return { ...JSON.parse(text), seen, url };
      continue;
    }
    if (until && url.startsWith(until)) { // a page of the server's own that goes on by itself, until it shows something
      const text = await page.waitForFunction(() => document.getElementById("count")?.textContent || !document.getElementById("message")?.hidden && document.getElementById("message")?.textContent, { timeout: 4000 }).then((h) => h.jsonValue()).catch(() => null);
      if (text) return { text, seen, url: page.url() };
      continue;
    }
    seen.push(new URL(url).pathname);
    if (await page.$("form[action$='/auth/consent']")) {
      for (const [name, value] of Object.entries(answers)) {
        const radio = await page.$(`[name="q-${name}"][value="${value}"]`);
        if (radio) await radio.click();
        else if (await page.$(`textarea[name="q-${name}"]`)) await page.type(`textarea[name="q-${name}"]`, value);
      }
      if (untick) for (const box of await page.$$("input[name=scope]")) if (untick.test(await box.evaluate((e) => e.value))) await box.click();
      await go(page, () => page.click(`button[name=decision][value=${decision}]`));
    } else if (await page.$("form[action$='/auth/patient']")) {
      if (await page.$("input[name=typed]")) await page.type("input[name=typed]", ins);
      await go(page, () => page.click("button[name=decision][value=choose]"));
    } else if (await page.$(".logins")) {
      const link = await pick(page, ".logins a", login);
      await go(page, () => link.click());
    } else if (await page.$("main ul li a")) {
      if (!url.includes("q=" + person)) { // who signs in is looked for by number
        await page.type("input[name=q]", person);
        await go(page, () => page.click("form button"));
        continue;
      }
      const link = await page.$("main ul li a");
      await go(page, () => link.click());
    } else if (await page.$("form button")) {
      await go(page, () => page.click("form button"));
    } else {
      return { message: await page.$eval("body", (e) => e.innerText), seen, url };
    }
  }
  return { error: "the screens do not end", seen };
}

async function pick(page, selector, pattern) {
  for (const link of await page.$$(selector)) if (pattern.test(await link.evaluate((e) => e.closest("li")?.textContent || e.textContent))) return link;
  return null;
}

// fresh opens a page without anybody's cookies.
async function fresh() {
  const context = await browser.createBrowserContext();
  return { page: await context.newPage(), close: () => context.close() };
}

const launchPage = (client, scope, iss = base) => app.url + "/launch?" + new URLSearchParams({ client, scope, iss });

async function main() {
  const operator = token("--as", "app:operator");
  // Whoever signs in: the first demo patient with a record, and a doctor of the care team.
  const patients = (await fhir(operator, "Patient?_count=50")).body.entry.map((e) => e.resource);
  const inside = (p) => p.identifier?.find((i) => /1\.2\.250\.1\.213\.1\.4\.(10|11)$/.test(i.system));
  const adult = patients.find((p) => inside(p) && p.birthDate < "2000" && p.generalPractitioner);
  const ins = inside(adult).value;
  const doctor = (await fhir(operator, adult.generalPractitioner[0].reference)).body;
  const rpps = doctor.identifier.find((i) => i.system === "https://rpps.esante.gouv.fr").value;

  { // standalone, by the holder
    const { page, close } = await fresh();
    await page.goto(launchPage("carnet-test-app", "launch/patient openid fhirUser offline_access patient/*.rs"));
    const out = await walk(page, { login: /FranceConnect/i, person: ins, answers: { duree: "mois" } });
    check("standalone launch by the holder gives the holder's own record", out.patient === adult.id && out.read === "Patient", out);
    check("the holder's id token names the Patient", out.user?.endsWith("Patient/" + adult.id), out);
    check("offline access refreshes, and the answers stay the same", out.refresh === true && out.again === out.documents, out);
    await close();
  }
  { // the holder refuses
    const { page, close } = await fresh();
    await page.goto(launchPage("carnet-test-app", "launch/patient openid fhirUser patient/*.rs"));
    const out = await walk(page, { login: /FranceConnect/i, person: ins, decision: "refuse" });
    check("who refuses gives nothing", /access_denied|refus/i.test(out.error || out.url || ""), out);
    await close();
  }
  { // fewer scopes than asked for
    const { page, close } = await fresh();
    await page.goto(launchPage("carnet-test-app", "launch/patient openid fhirUser patient/Patient.rs patient/DocumentReference.rs patient/Observation.rs"));
    const out = await walk(page, { login: /FranceConnect/i, person: ins, untick: /Observation/ });
    check("what the person unticks is not granted", out.scope && !/Observation/.test(out.scope) && /DocumentReference/.test(out.scope), out);
    await close();
  }
  let doctorToken;
  { // standalone, by a professional
    const { page, close } = await fresh();
    await page.goto(launchPage("logiciel-ps", "launch openid fhirUser user/*.rs"));
    const out = await walk(page, { login: /Pro Sant/i, person: rpps });
    check("standalone launch by a professional names the Practitioner", /Practitioner(Role)?\//.test(out.user || ""), out);
    doctorToken = await page.evaluate(async () => (await FHIR.oauth2.ready()).state.tokenResponse.access_token).catch(() => null);
    check("the professional has an access token", !!doctorToken);
    // The EHR launch: the software of the professional opens an application on a patient, in the professional's browser.
    const made = await fetch(origin + "/auth/launch", { method: "POST", headers: { Authorization: "Bearer " + doctorToken, "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ client_id: "carnet-test-app", patient: adult.id }) });
    const launch = await made.json();
    check("the contextual call gives an address to open", made.status === 201 && launch.url?.startsWith(app.url + "/launch?"), launch);
    await page.goto(launch.url + "&client=carnet-test-app&scope=" + encodeURIComponent("launch openid fhirUser patient/*.rs"));
    const opened = await walk(page, { login: /Pro Sant/i, person: rpps });
    check("EHR launch opens the patient of the call", opened.patient === adult.id, opened);
    await page.goto(launch.url + "&client=carnet-test-app&scope=" + encodeURIComponent("launch openid fhirUser patient/*.rs"));
    const again = await walk(page, { login: /Pro Sant/i, person: rpps });
    check("a launch handle is good for once", !again.patient, again);
    await contextual(page, operator, adult, doctorToken, rpps);
    await close();
  }
  { // the form of the consent screen, sent from elsewhere
    const { page, close } = await fresh();
    await page.goto(other.url + "/nothing");
    const forged = await page.evaluate(async (o) => {
      const r = await fetch(o + "/auth/consent", { method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "decision=accept&transaction=x&form=y" }).catch((e) => ({ type: String(e) }));
      return r.type;
    }, origin);
    check("a page of another site reads nothing of ours", forged === "opaque" || /Error/.test(forged), forged);
    const direct = await fetch(origin + "/auth/consent", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "decision=accept&transaction=x&form=y", redirect: "manual" });
    check("a forged consent is refused (CSRF)", direct.status >= 400, direct.status);
    await close();
  }
  await negative();
  await backend(operator);
}

// contextual opens the console on a patient from a professional's software (TD0.9), and leaves it.
async function contextual(page, operator, patient, bearer, rpps) {
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const put = (resource) => fhir(operator, resource.resourceType + "/" + resource.id, { method: "PUT", headers: { "Content-Type": "application/fhir+json" }, body: JSON.stringify(resource) });
  const document = await put({ resourceType: "DocumentReference", id: "flow-image", status: "current", subject: { reference: "Patient/" + patient.id }, date: "2026-01-02T10:00:00Z",
    masterIdentifier: { system: "urn:ietf:rfc:3986", value: "urn:oid:1.2.250.1.213.1.4.10.4711" }, type: { coding: [{ system: "http://loinc.org", code: "11488-4", display: "Compte rendu de consultation" }] },
    category: [{ coding: [{ system: "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS", code: "10" }] }],
    content: [{ attachment: { contentType: "image/png", url: "Binary/flow-image", title: "Image <b>d'essai</b>", creation: "2026-01-02T10:00:00Z" } }] });
  const content = await put({ resourceType: "Binary", id: "flow-image", contentType: "image/png", securityContext: { reference: "DocumentReference/flow-image" }, data: pixel });
  check("a document is there to be opened", document.status < 300 && content.status < 300, { document, content });
  const violations = [];
  page.on("console", (m) => { if (/Content Security Policy|Refused to/.test(m.text())) violations.push(m.text()); });
  const made = await fetch(origin + "/auth/launch", { method: "POST", headers: { Authorization: "Bearer " + bearer, "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ client_id: "carnet-console", patient: patient.id }) });
  const launch = await made.json();
  check("the contextual call of the console gives an address of the server's own", made.status === 201 && launch.url?.startsWith(origin + "/console/launch?"), launch);
  await page.goto(launch.url);
  const out = await walk(page, { login: /Pro Sant/i, person: rpps, until: origin + "/console" });
  const shown = await page.evaluate(() => ({ name: document.getElementById("name").textContent, rows: document.querySelectorAll("#documents tr").length, stored: JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]) }));
  check("the console shows the patient of the call", shown.name.includes(patient.name[0].family.toUpperCase()), { out, shown });
  check("and documents of theirs", shown.rows > 0, { out, shown });
  check("no token or code stays in the address or in the browser", !/code=|state=|launch=/.test(out.url) && !/eyJ|verifier/.test(shown.stored), { out, shown });
  await page.click("#documents tr button");
  const viewed = await page.waitForFunction(() => !document.getElementById("viewer").hidden && document.getElementById("page").childElementCount > 0, { timeout: 8000 }).then(() => true).catch(() => false);
  check("a document opens in it", viewed, await page.$eval("#message", (e) => e.textContent));
  const frame = await page.$eval("#page iframe", (e) => ({ sandbox: e.getAttribute("sandbox"), src: e.getAttribute("src") })).catch(() => null);
  check("in a frame without rights, or as what runs nothing", frame === null || frame.sandbox === "" || /^blob:/.test(frame.src), frame);
  check("nothing was stopped by the page's own policy", violations.length === 0, violations);
  await page.goBack({ waitUntil: "load", timeout: 8000 }).catch(() => null);
  if (await page.$("button[name=decision][value=accept]")) await go(page, () => page.click("button[name=decision][value=accept]")); // browsers may keep the page
  const back = await page.$eval("body", (e) => e.innerText);
  check("going back gives no second answer to what was answered", /déjà reçu une réponse/.test(back) && !/code=/.test(page.url()), { back: back.slice(0, 200), url: page.url() });
  await page.goto(launch.url);
  const again = await walk(page, { login: /Pro Sant/i, person: rpps, until: origin + "/console" });
  check("a launch of the console is good for once", !/sur|^[0-9]/.test(again.text || "") && (await page.$eval("#name", (e) => e.textContent).catch(() => "")) === "", again);
  await page.goto(origin + "/auth/signout");
  await go(page, () => page.click("form button"));
  check("signing out leaves no session", !(await page.cookies()).some((c) => /session/.test(c.name) && c.value), await page.cookies());
}

// ask sends an authorization request, and says where it leads.
async function ask(change) {
  const verifier = "v".repeat(50);
  const q = { response_type: "code", client_id: "carnet-test-app", redirect_uri: app.url + "/", scope: "openid fhirUser patient/*.rs launch/patient", state: randomUUID(), aud: base,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256", ...change };
  for (const k of Object.keys(q)) if (q[k] === undefined) delete q[k];
  const r = await fetch(origin + "/auth/authorize?" + new URLSearchParams(q), { redirect: "manual" });
  return { status: r.status, location: r.headers.get("location") || "" };
}

async function negative() {
  const right = await ask({});
  check("an authorization request is taken", right.status < 400 && !/error=/.test(right.location), right);
  for (const [what, change] of Object.entries({
    "a redirection to another site (open redirect)": { redirect_uri: other.url + "/" }, "a redirection with a longer path": { redirect_uri: app.url + "/x" }, "a redirection with a query": { redirect_uri: app.url + "/?a=b" }, "an unknown client": { client_id: "nobody" },
  })) {
    const r = await ask(change);
    check(what + " is refused, and nobody is sent anywhere", r.status >= 400 && !r.location, r);
  }
  for (const [what, change] of Object.entries({
    "PKCE plain (downgrade)": { code_challenge_method: "plain" }, "no PKCE": { code_challenge: undefined, code_challenge_method: undefined }, "the implicit flow": { response_type: "token" },
    "another audience": { aud: other.url }, "no audience": { aud: undefined },
  })) {
    const r = await ask(change);
    check(what + " is refused", r.status >= 400 || (r.location.startsWith(app.url + "/") && /error=/.test(r.location)), r);
    if (r.location) check("  and the answer names its issuer (mix-up)", new URL(r.location).searchParams.get("iss") !== null, r);
  }
}

async function backend(operator) {
  const config = await (await fetch(base + "/.well-known/smart-configuration")).json();
  check("smart-configuration says S256 only", JSON.stringify(config.code_challenge_methods_supported) === '["S256"]', config.code_challenge_methods_supported);
  const now = () => Math.floor(Date.now() / 1000);
  const claims = (change) => ({ iss: "service", sub: "service", aud: config.token_endpoint, jti: randomUUID(), iat: now(), exp: now() + 120, ...change });
  const request = async (a, change = {}) => {
    const r = await fetch(config.token_endpoint, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({
      grant_type: "client_credentials", scope: "system/Practitioner.rs", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: a, ...change }) });
    return { status: r.status, body: await r.json().catch(() => null) };
  };
  const good = assertion(claims());
  const got = await request(good);
  check("a backend service gets a token by private_key_jwt", got.status === 200 && got.body.access_token, got);
  const read = await fhir(got.body?.access_token, "Practitioner?_count=1");
  check("and reads what its scope says", read.status === 200 && read.body.entry?.length === 1, read.status);
  check("and nothing else", (await fhir(got.body?.access_token, "Patient?_count=1")).status === 403);
  check("an assertion is good for once (replay)", (await request(good)).status === 400 || (await request(good)).status === 401);
  for (const [what, a] of Object.entries({
    "alg none": assertion(claims(), { alg: "none" }), "an expired assertion": assertion(claims({ iat: now() - 900, exp: now() - 600 })), "an assertion for another audience": assertion(claims({ aud: other.url })),
    "an assertion of another issuer": assertion(claims({ iss: "other" })), "an assertion without jti": assertion(claims({ jti: undefined })), "a tampered assertion": assertion(claims()).slice(0, -8) + "AAAAAAAA",
  })) {
    const r = await request(a);
    check(what + " is refused", r.status >= 400 && !r.body?.access_token, r);
  }
  check("a scope that is not the client's is refused", !(await request(assertion(claims()), { scope: "system/Patient.rs" })).body?.access_token);
  const forged = b64({ alg: "none", typ: "at+jwt" }) + "." + b64({ iss: origin, aud: base, sub: "x", scope: "system/*.cruds", exp: now() + 60, iat: now(), jti: "x", client_id: "operator" }) + ".";
  check("an access token without a signature is refused", (await fhir(forged, "Practitioner?_count=1")).status === 401);
  check("no token, no answer", (await fhir("", "Practitioner?_count=1")).status === 401);
  check("the operator's token works", (await fhir(operator, "Practitioner?_count=1")).status === 200);
}

try {
  await main();
} catch (e) {
  failed++;
  console.log("FAIL " + e.stack);
} finally {
  await browser.close();
  server.kill("SIGTERM");
  app.close();
  other.close();
  await rm(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
