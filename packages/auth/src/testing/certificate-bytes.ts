// For tests: bytes in the shape of a certificate with any subject and alternative names, as no
// authority would sign them. Pure.

/** An element of DER. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content]);
  const digits = length < 0x100 ? 1 : 2;
  const head = Buffer.alloc(2 + digits);
  head[0] = tag;
  head[1] = 0x80 + digits;
  head.writeUIntBE(length, 2, digits);
  return Buffer.concat([head, content]);
}

const TYPES: Readonly<Record<string, string>> = {
  CN: "550403",
  SERIALNUMBER: "550405",
  C: "550406",
  L: "550407",
  ST: "550408",
  STREET: "550409",
  O: "55040a",
  OU: "55040b",
  POSTALCODE: "550411",
  DC: "0992268993f22c640119",
  UID: "0992268993f22c640101",
};
export const UTF8_STRING = 0x0c;

/** `[type, value]`, or with the tag and the bytes of a value of another kind. */
export type TestAttribute = readonly [string, string] | readonly [string, number, Uint8Array];

function attribute([type, value, bytes]: TestAttribute): Buffer {
  const text =
    typeof value === "string"
      ? element(UTF8_STRING, Buffer.from(value))
      : element(value, bytes ?? Buffer.alloc(0));
  return element(0x30, element(0x06, Buffer.from(TYPES[type] ?? "", "hex")), text);
}

export interface TestNames {
  /** In the order of a certificate: most significant first. */
  readonly subject?: readonly (readonly TestAttribute[])[];
  /** Tag of the general name, and its text. */
  readonly alternatives?: readonly (readonly [number, string])[];
}

export function certificateBytes({ subject = [], alternatives }: TestNames): Buffer {
  const name = element(
    0x30,
    ...subject.map((attributes) => element(0x31, ...attributes.map(attribute))),
  );
  const parts = [
    element(0xa0, element(0x02, Uint8Array.of(2))),
    element(0x02, Uint8Array.of(1)),
    element(0x30),
    element(0x30),
    element(0x30),
    name,
    element(0x30),
  ];
  if (alternatives !== undefined) {
    const list = element(
      0x30,
      ...alternatives.map(([tag, text]) => element(tag, Buffer.from(text, "latin1"))),
    );
    const extension = element(
      0x30,
      element(0x06, Buffer.from("551d11", "hex")),
      element(0x01, Uint8Array.of(0xff)),
      element(0x04, list),
    );
    const other = element(0x30, element(0x06, Buffer.from("551d0f", "hex")), element(0x04));
    parts.push(element(0xa3, element(0x30, other, extension)));
  }
  return element(0x30, element(0x30, ...parts), element(0x30), element(0x03));
}
