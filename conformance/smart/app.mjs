// A SMART app as a vendor writes one: fhirclient as it comes, a launch page and a page to come back to. What it got is written into the page, for the test to read.
import http from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const library = path.join(path.dirname(createRequire(import.meta.url).resolve("fhirclient/package.json")), "build", "fhir-client.js");

const page = (script) => `<!doctype html><meta charset="utf-8"><title>app</title><script src="/fhir-client.js"></script>
<pre id="result"></pre><script>
const show = (o) => { document.getElementById("result").textContent = JSON.stringify(o); };
const failed = (e) => show({ error: String(e && e.message || e) });
${script}
</script>`;

// start serves the app on a free loopback port. options are what FHIR.oauth2.authorize takes, given as query parameters of /launch.
export async function start() {
  const script = await readFile(library);
  const server = http.createServer((req, res) => {
    const url = new URL(req.url, "http://app");
    res.setHeader("Cache-Control", "no-store");
    switch (url.pathname) {
      case "/fhir-client.js":
        res.setHeader("Content-Type", "text/javascript");
        return res.end(script);
      case "/launch":
        res.setHeader("Content-Type", "text/html");
        return res.end(page(`
              const q = new URLSearchParams(location.search);
          FHIR.oauth2.authorize({
            clientId: q.get("client") || "carnet-test-app", scope: q.get("scope") || "launch openid fhirUser patient/*.rs offline_access",
            redirectUri: "/", ...(q.get("iss") && !q.get("launch") ? { iss: q.get("iss") } : {}), pkceMode: "required",
          }).catch(failed);`));
      case "/":
        res.setHeader("Content-Type", "text/html");
        return res.end(page(`
          (async () => {
            const client = await FHIR.oauth2.ready();
            const out = { patient: client.patient.id, user: client.user.fhirUser, scope: client.state.tokenResponse.scope, refresh: !!client.state.tokenResponse.refresh_token };
            if (out.patient) out.read = (await client.patient.read()).resourceType;
                const query = client.patient.id ? "DocumentReference?" + new URLSearchParams({ patient: client.patient.id, status: "current" }) : "Practitioner?_total=accurate&_count=1";
            const docs = await client.request(query);
            out.documents = docs.total;
            if (out.refresh) { await client.refresh(); out.again = (await client.request(query)).total; }
            show(out);
          })().catch(failed);`));
      default:
        res.statusCode = 404;
        return res.end();
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
