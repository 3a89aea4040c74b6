// Writes oracle.txt: what the npm package fhirpath selects for every search expression of R4 in the instances of testdata/maximal.
// Run by hand when the instances or the expressions change; the tests read only its output:
//
//   npm install fhirpath@5.2.2
//   node oracle.cjs DEFINITIONS ../../../testdata/maximal > oracle.txt
//
// DEFINITIONS is the directory of the R4 definitions (search-parameters.json). One line is an expression, then for each instance a
// line of its name and what is selected: paths of elements, or values that are computed.
const fs = require('fs'), path = require('path');
const fhirpath = require('fhirpath'), r4 = require('fhirpath/fhir-context/r4');

const [definitions, instances] = process.argv.slice(2);
const parameters = JSON.parse(fs.readFileSync(path.join(definitions, 'search-parameters.json'))).entry.map(e => e.resource);
const samples = fs.readdirSync(instances).filter(f => f.endsWith('.json')).sort().map(f => {
  const resource = JSON.parse(fs.readFileSync(path.join(instances, f)));
  return {name: f.replace('.json', ''), type: resource.resourceType, resource};
});

// resolve knows of a target only its type, as a server does that indexes one resource: by the reference's text, by its type, or by
// the contained resource.
function resolve(inputs) {
  return inputs.map(node => {
    const data = node.data, text = data.reference || '';
    if (text.startsWith('#')) {
      const resource = (this.dataRoot[0].data.contained || []).find(c => c.id === text.slice(1));
      return resource && target(this, node, resource.resourceType);
    }
    const m = text.match(/([A-Za-z]+)\/[^\/]+(\/_history\/.*)?$/);
    const type = m ? m[1] : data.type;
    return type && target(this, node, type);
  }).filter(n => n);
}

function target(ctx, node, type) {
  return node.constructor.makeResNode(ctx, {resourceType: type}, null, null, null, null);
}

const options = {resolveInternalTypes: false, userInvocationTable: {resolve: {fn: resolve, arity: {0: []}, internalStructures: true}}};

// as over several items is an error for this engine, as N1 has it; R4's search parameters mean ofType.
function filtering(expression) {
  return expression.replace(/\(([A-Za-z.]+) as ([A-Za-z]+)\)/g, '$1.ofType($2)').replace(/\.as\(/g, '.ofType(');
}

function show(item) {
  return item && item.fullPropertyName ? item.fullPropertyName() : JSON.stringify(item);
}

const expressions = new Map();
for (const p of parameters) {
  if (!p.expression) continue;
  if (!expressions.has(p.expression)) expressions.set(p.expression, new Set());
  for (const base of p.base) expressions.get(p.expression).add(base);
}
// the parts of composite parameters apply to what the composite selects
for (const p of parameters) {
  for (const c of p.component || []) {
    const whole = `(${p.expression}).select(${c.expression})`;
    expressions.set(whole, new Set([...(expressions.get(whole) || []), ...p.base]));
  }
}
for (const expression of [...expressions.keys()].sort()) {
  const bases = expressions.get(expression);
  const lines = [];
  let compiled;
  try {
    compiled = fhirpath.compile(filtering(expression), r4, options);
  } catch (e) {
    console.log(expression.replace(/\s+/g, ' ') + '\n\t!\t' + e.message.split('\n')[0]);
    continue;
  }
  for (const s of samples) {
    if (!bases.has(s.type) && !bases.has('Resource') && !bases.has('DomainResource')) continue;
    let found;
    try {
      found = compiled(s.resource, {resource: s.resource}).map(show);
    } catch (e) {
      found = ['!' + e.message.split('\n')[0]];
    }
    lines.push('\t' + s.name + '\t' + found.join(' '));
  }
  console.log(expression.replace(/\s+/g, ' '));
  for (const l of lines) console.log(l);
}
