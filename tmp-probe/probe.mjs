import { connect, headers } from "@nats-io/transport-node";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
const which = process.argv[2]; const port = which === "ref" ? 4911 : 4912;
writeFileSync(`/tmp/h-system/tmp-probe/${which}.conf`, `listen: "127.0.0.1:${port}"
server_name: probe
accounts { SYS { users: [{user: sys, password: pw}] }
 ACC { users: [{user: acc, password: pw}, {user: lim, password: pw, permissions: {publish: ["a.>", "$SYS.REQ.USER.INFO"], subscribe: {allow: ["_INBOX.>", "b q"], deny: ["c"]}, allow_responses: true}}] } 
 OTHER { users: [{user: oth, password: pw}] } }
system_account: SYS
`);
const cmd = which === "ref" ? ["/usr/sbin/nats-server"] : ["/tmp/h-system/node_modules/.bin/weft", "--workers", process.argv[3] ?? "2"];
const child = spawn(cmd[0], [...cmd.slice(1), "-c", `/tmp/h-system/tmp-probe/${which}.conf`], {stdio: "inherit"});
for (let i=0;i<100;i++){ const ok = await connect({servers: `127.0.0.1:${port}`, user:"sys", pass:"pw", reconnect:false}).then(c=>c.close().then(()=>true)).catch(()=>false); if(ok) break; await new Promise(r => setTimeout(r, 200)); }
const sys = await connect({servers: `127.0.0.1:${port}`, user: "sys", pass: "pw"});
const events = [];
sys.subscribe("$SYS.>", {callback: (e, m) => { if (!m.subject.startsWith("$SYS.REQ")) { events.push(m); console.log("EVENT", m.subject, m.string().slice(0, 900)); } }});
await sys.flush();
const acc = await connect({servers: `127.0.0.1:${port}`, user: "acc", pass: "pw", name: "accname"});
acc.subscribe("x.y"); acc.subscribe("x.y", {queue: "q"}); 
await acc.flush();
async function ask(c, subject, body = "", opts = {}) {
  try { const m = await c.request(subject, body, {timeout: 2500, ...opts}); 
    console.log("REPLY", subject, body, m.headers ? [...m.headers] : "", m.string().slice(0, 1200)); return m; }
  catch (e) { console.log("REPLY", subject, body, "ERROR", e.message); }
}
const id = sys.info.server_id;
for (const s of ["PING", "PING.IDZ", "PING.STATZ", "PING.STATSZ", `${id}.STATSZ`, `${id}.VARZ`, `${id}.HEALTHZ`, `${id}.SUBSZ`, `${id}.CONNZ`]) await ask(sys, `$SYS.REQ.SERVER.${s}`);
await ask(sys, "$SYS.REQ.SERVER.PING.STATSZ", "{bad");
await ask(sys, "$SYS.REQ.SERVER.PING.CONNZ", '{"limit":"x"}');
await ask(sys, "$SYS.REQ.SERVER.PING.IDZ", '{"server_name":"zzz"}');
await ask(sys, "$SYS.REQ.SERVER.PING.STATSZ", '{"server_name":"zzz"}');
await ask(sys, "$SYS.REQ.SERVER.PING.STATSZ", '{"server_name":"prob"}');
for (const s of ["INFO","STATZ","CONNS","CONNZ","SUBSZ","JSZ","LEAFZ"]) await ask(sys, `$SYS.REQ.ACCOUNT.ACC.${s}`);
await ask(sys, `$SYS.REQ.ACCOUNT.NOPE.INFO`);
await ask(sys, `$SYS.REQ.ACCOUNT.PING.STATZ`);
await ask(sys, `$SYS.DEBUG.SUBSCRIBERS`, "$SYS.>");
await ask(sys, `$SYS.DEBUG.SUBSCRIBERS`, "x.y");
await ask(acc, `$SYS.REQ.USER.INFO`);
await ask(sys, `$SYS.REQ.USER.INFO`);
await ask(acc, `$SYS.REQ.ACCOUNT.PING.STATZ`);
await ask(acc, `$SYS.REQ.ACCOUNT.PING.CONNZ`);
await ask(acc, `$SYS.REQ.SERVER.PING.CONNZ`, '{"acc":"OTHER"}');
await ask(acc, `$SYS.REQ.SERVER.PING.VARZ`);
await ask(sys, `$SYS.REQ.SERVER.${id}.KICK`, '{"cid":99999}');
await ask(sys, `$SYS.REQ.SERVER.${id}.LDM`, `{"cid":${acc.info.client_id}}`);
await ask(sys, `$SYS.REQ.SERVER.${id}.RELOAD`);
const lim = await connect({servers: `127.0.0.1:${port}`, user: "lim", pass: "pw"});
await ask(lim, `$SYS.REQ.USER.INFO`);
for (const enc of ["gzip", "snappy", "weird"]) { const h = headers(); h.set("Accept-Encoding", enc); const m = await sys.request(`$SYS.REQ.SERVER.${id}.STATSZ`, "", {headers: h, timeout: 2000}).catch(e=>e); console.log(enc, m.headers && [...m.headers]); const m2 = await sys.request(`$SYS.REQ.SERVER.${id}.HEALTHZ`, "", {headers: h, timeout: 2000}).catch(e=>e); console.log(enc, m2.headers && [...m2.headers], m2.data && Buffer.from(m2.data).subarray(0,80)); if (enc==="gzip" && m2.data) console.log(gunzipSync(m2.data).toString()) }
await connect({servers: `127.0.0.1:${port}`, user: "acc", pass: "wrong", reconnect: false}).catch(e => console.log(e.message));
await ask(sys, `$SYS.REQ.SERVER.${id}.KICK`, `{"cid":${acc.info.client_id}}`);
await lim.close();
await new Promise(r => setTimeout(r, 400));
console.log("=== shutdown");
child.kill(process.argv[4] ?? "SIGTERM");
await new Promise(r => setTimeout(r, 1200));
child.kill("SIGKILL"); process.exit(0);
