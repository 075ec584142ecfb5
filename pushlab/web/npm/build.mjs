/**
 * Makes the npm package in build/npm/: `channel.js` as it is served, its types, and a tarball.
 *
 *     node pushlab/web/npm/build.mjs [where]
 *
 * Nothing is said twice: version, license and home page are those of pyproject.toml, the range of
 * `mqtt` is that of the pages, and the types are those of the JSDoc.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const WEB = dirname(HERE);
const ROOT = resolve(WEB, "../..");
const WHERE = resolve(process.argv[2] ?? join(ROOT, "build/npm"));
const ADDRESS = "const HERE = import.meta.url;";
const TSC = join(WEB, "node_modules/.bin/tsc");

/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** A value of pyproject.toml. @param {string} name */
function told(name) {
  const found = new RegExp(`^${name} = "(.+)"$`, "m").exec(PROJECT);
  if (!found) throw new Error(`pyproject.toml has no ${name}`);
  return found[1];
}
const PROJECT = readFileSync(join(ROOT, "pyproject.toml"), "utf8");

/** Run a command; its words are this one's where it fails. @param {string[]} words */
function run(command, ...words) {
  const ran = spawnSync(command, words, { cwd: WHERE, encoding: "utf8" });
  if (ran.status === 0) return ran.stdout;
  process.stderr.write(ran.error ? `${command}: ${ran.error.message}\n` : ran.stdout + ran.stderr);
  process.exit(1);
}

if (!existsSync(TSC)) {
  console.error("the package needs tsc for its types; make npm installs it, with npm");
  process.exit(1);
}
const before = join(WHERE, "package.json");
if (existsSync(WHERE) && !(existsSync(before) && json(before).name === "pushlab")) {
  console.error(`${WHERE} is there already, and is no package of ours`);
  process.exit(1);
}
rmSync(WHERE, { recursive: true, force: true });
mkdirSync(WHERE, { recursive: true });
for (const name of ["index.js", "mqtt.js", "README.md"]) copyFileSync(join(HERE, name), join(WHERE, name));
copyFileSync(join(WEB, "static/channel_mqtt.js"), join(WHERE, "channel_mqtt.js"));
// What a bundler would write there is where this file lies on its own machine, which is no hub.
const script = readFileSync(join(WEB, "static/channel.js"), "utf8");
if (!script.includes(ADDRESS)) throw new Error(`channel.js has no ${ADDRESS}`);
writeFileSync(join(WHERE, "channel.js"), script.replace(ADDRESS, "const HERE = undefined;"));
copyFileSync(join(ROOT, "LICENSE"), join(WHERE, "LICENSE"));

const { name, ...rest } = json(join(HERE, "package.json"));
const manifest = {
  name,
  version: told("version"),
  license: told("license"),
  homepage: told("Documentation"),
  ...rest,
  peerDependencies: { mqtt: json(join(WEB, "package.json")).dependencies.mqtt },
};
writeFileSync(join(WHERE, "package.json"), JSON.stringify(manifest, null, 2) + "\n");

// Types, and a check of what was put together. `mqtt` without its own types, which are Node.js's too.
const project = join(WHERE, "tsconfig.json");
const untyped = join(WHERE, "untyped.d.ts");
writeFileSync(untyped, "declare const mqtt: unknown;\nexport default mqtt;\n");
const config = {
  extends: join(WEB, "tsconfig.json"),
  compilerOptions: {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    paths: { mqtt: [untyped] },
  },
  include: ["*.js"],
};
writeFileSync(project, JSON.stringify(config));
run(TSC, "--project", project);
rmSync(project);
rmSync(untyped);
console.log(join(WHERE, run("npm", "pack", "--silent").trim()));
