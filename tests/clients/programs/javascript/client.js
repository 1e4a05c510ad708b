// One program of trino-client through the eight checks: a task on standard input, a report on standard output.
'use strict';
const fs = require('fs');
const { Trino } = require('trino-client');

const task = JSON.parse(fs.readFileSync(0, 'utf8'));

function open(token) {
  return Trino.create({
    server: `https://${task.host}:${task.port}`,
    catalog: task.catalog,
    schema: task.schema,
    ssl: { ca: fs.readFileSync(task.ca) },
    extraHeaders: { 'X-Trino-User': task.user, Authorization: `Bearer ${token}` },
  });
}

async function answers(trino, sql) {
  const [answer, pages] = [await trino.query(sql), []];
  let page; // `for await` would skip a statement's only result, and so a refusal
  do {
    page = await answer.next();
    if (page.value.error) {
      throw new Error(`${page.value.error.errorName}: ${page.value.error.message}`);
    }
    if (!page.done) {
      pages.push(page.value);
    }
  } while (!page.done);
  return pages;
}

async function ask(trino, sql) {
  return (await answers(trino, sql)).flatMap((page) => page.data ?? []);
}

async function names(trino, sql) {
  return (await ask(trino, sql)).map((row) => row[0]);
}

async function main() {
  const trino = open(task.token);
  const checks = {
    connect: () => ask(trino, 'SELECT 1'),
    browse: async () => ({
      catalogs: await names(trino, 'SHOW CATALOGS'),
      schemas: await names(trino, `SHOW SCHEMAS FROM ${task.catalog}`),
      tables: await names(trino, `SHOW TABLES FROM ${task.catalog}.${task.schema}`),
      columns: await names(trino, `DESCRIBE ${task.table}`),
    }),
    statements: async () => {
      const all = [];
      for (const sql of task.statements) {
        all.push(await ask(trino, sql).then((rows) => ({ rows }), (fault) => ({ error: fault.message })));
      }
      return all;
    },
    parameters: async () => {
      await ask(trino, `PREPARE asked FROM ${task.parameters}`);
      return ask(trino, "EXECUTE asked USING 41, 'it''s', 'USOAK'");
    },
    cancel: async () => {
      const pages = await trino.query(task.endless);
      const next = pages.next(); // it comes back with the first rows only, so the id is read where the client keeps it
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await trino.cancel(pages.iter.queryResult.id);
      return (await next).value.error?.message ?? 'ended';
    },
    million_rows: async () => {
      let [count, sum] = [0, 0];
      await (await trino.query(task.million)).forEach((page) => {
        for (const [number] of page.data ?? []) {
          count += 1;
          sum += number;
        }
      });
      return [count, sum];
    },
    notices: async () => (await answers(trino, task.masked)).flatMap((page) => (page.warnings ?? []).map((each) => each.message)),
    wrong_token: () => ask(open(`wrong.${task.token}`), 'SELECT 1').catch((fault) => fault.message),
  };
  const report = {};
  for (const [name, check] of Object.entries(checks)) {
    const begun = Date.now();
    report[name] = await check().then((result) => ({ result }), (fault) => ({ fault: `${fault.message}\n${fault.stack}` }));
    report[name].seconds = (Date.now() - begun) / 1000;
  }
  process.stdout.write(JSON.stringify(report));
}

main();
