// An SMSC on node-smpp: what it is told on standard input it delivers, what it hears it tells, a JSON object a line.
"use strict";

const readline = require("readline");
const smpp = require("smpp");

smpp.addTLV("operator", { id: 0x1403, type: smpp.types.tlv.string });

const UCS2 = 8, RECEIPT = 4, PART_LETTERS = 67, ONE_LETTERS = 70;
const sessions = new Set();
const parts = new Map(); // of texts to phones, by who and which
let submitted = 0;
let reference = 0;

function tell(event) {
  process.stdout.write(JSON.stringify(event) + "\n");
}

function submit(session, pdu) {
  const id = (++submitted).toString(16).toUpperCase().padStart(8, "0");
  session.send(pdu.response({ message_id: id }));
  hear(pdu);
  if (pdu.registered_delivery & 1) {
    const text = `id:${id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221200 stat:DELIVRD err:000 text:`;
    session.deliver_sm({
      source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1,
      destination_addr: pdu.source_addr, esm_class: RECEIPT, short_message: text,
      receipted_message_id: id, message_state: 2,
    }, (answer) => tell({ event: "receipted", status: answer.command_status }));
  }
}

// node-smpp decodes a part by its data_coding and takes its header apart; a text is told once it is whole.
function hear(pdu) {
  const said = pdu.message_payload === undefined ? pdu.short_message : pdu.message_payload;
  const about = { from: pdu.source_addr, to: pdu.destination_addr, ton: pdu.dest_addr_ton, from_ton: pdu.source_addr_ton };
  const header = said.udh && said.udh.find((element) => element[0] === 0);
  if (!header) {
    return tell({ event: "text", ...about, parts: 1, text: said.message });
  }
  const [mark, total, number] = header.subarray(2);
  const key = `${pdu.destination_addr}|${mark}|${total}`;
  const known = parts.get(key) || new Map();
  parts.set(key, known.set(number, said.message));
  if (known.size === total) {
    parts.delete(key);
    const text = Array.from({ length: total }, (_, at) => known.get(at + 1)).join("");
    tell({ event: "text", ...about, parts: total, text });
  }
}

function deliver({ id, from, to, text }) {
  const session = Array.from(sessions).pop();
  const pieces = [];
  if (text.length <= ONE_LETTERS) {
    pieces.push({ short_message: text });
  } else {
    const total = Math.ceil(text.length / PART_LETTERS);
    reference = (reference + 1) % 256;
    for (let number = 1; number <= total; number++) {
      const udh = Buffer.from([5, 0, 3, reference, total, number]);
      const message = text.slice((number - 1) * PART_LETTERS, number * PART_LETTERS);
      pieces.push({ short_message: { udh, message } });
    }
  }
  for (const piece of pieces) {
    session.deliver_sm({
      source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: to, data_coding: UCS2, ...piece,
      operator: "mts",
    }, (answer) => tell({ event: "answered", id, status: answer.command_status }));
  }
}

const server = smpp.createServer((session) => {
  const bind = (pdu) => {
    sessions.add(session);
    session.send(pdu.response({ system_id: "node" }));
    tell({ event: "bound", as: pdu.command, system_id: pdu.system_id, password: pdu.password });
  };
  session.on("bind_transceiver", bind);
  session.on("bind_receiver", bind);
  session.on("bind_transmitter", bind);
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    sessions.delete(session);
    session.send(pdu.response());
    session.close();
    tell({ event: "unbound" });
  });
  session.on("close", () => sessions.delete(session));
  session.on("error", (error) => tell({ event: "error", why: String(error) }));
});

server.listen(Number(process.argv[2]), "127.0.0.1", () => tell({ event: "listening" }));
const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => deliver(JSON.parse(line)));
input.on("close", () => process.exit(0)); // it ends with whoever started it
