// Reads the public crimes set with soda-js, as programs read the city's portal: only the host's name is another.
//
// Usage: node read.js HOST[:PORT]
//
// Needs soda-js (npm install soda-js@0.2.3). It speaks HTTPS only: for a certificate of your own making, say
// NODE_EXTRA_CA_CERTS=certificate.pem. Prints what it read, a line for each thing, as JSON.

const soda = require("soda-js");

const consumer = new soda.Consumer(process.argv[2]);
const SET = "ijzp-q8t2";
const { expr } = soda;

const ask = (what, query) =>
  new Promise((resolve, reject) => {
    query
      .getRows()
      .on("success", (rows) => {
        console.log(JSON.stringify({ what, value: rows }));
        resolve();
      })
      .on("error", (error) => {
        console.log(JSON.stringify({ what, wrong: error }));
        resolve();
      });
    setTimeout(() => reject(new Error(`${what} was not answered`)), 60000).unref();
  });

const query = () => consumer.query().withDataset(SET);

(async () => {
  await ask("newest", query().limit(3).order("date desc"));
  await ask("thefts", query().select("count(*)").where({ primary_type: "THEFT" }));
  await ask("both", query().select("count(*)").where(expr.and(expr.eq("arrest", "true"), expr.gt("ward", 10))));
  await ask("by_type", query().select("primary_type", "count(*) as n").group("primary_type").order("n desc", "primary_type"));
  await ask("soql", query().soql("SELECT beat GROUP BY beat ORDER BY beat LIMIT 2"));
  await ask("wrong", query().where("no_such_column = 1"));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
