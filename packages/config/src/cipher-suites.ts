// Names of cipher suites and curves in a configuration, and OpenSSL's names for them (TL-07,
// TL-09). Control thread.

interface CipherSuite {
  /** Undefined: OpenSSL 3 has no such suite any more. */
  readonly openSsl: string | undefined;
  readonly insecure: boolean;
}

function secure(openSsl: string): CipherSuite {
  return { openSsl, insecure: false };
}

function insecure(openSsl: string | undefined): CipherSuite {
  return { openSsl, insecure: true };
}

const CIPHER_SUITES: ReadonlyMap<string, CipherSuite> = new Map([
  ["TLS_AES_128_GCM_SHA256", secure("TLS_AES_128_GCM_SHA256")],
  ["TLS_AES_256_GCM_SHA384", secure("TLS_AES_256_GCM_SHA384")],
  ["TLS_CHACHA20_POLY1305_SHA256", secure("TLS_CHACHA20_POLY1305_SHA256")],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", secure("ECDHE-ECDSA-AES128-SHA")],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", secure("ECDHE-ECDSA-AES256-SHA")],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", secure("ECDHE-RSA-AES128-SHA")],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", secure("ECDHE-RSA-AES256-SHA")],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", secure("ECDHE-ECDSA-AES128-GCM-SHA256")],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", secure("ECDHE-ECDSA-AES256-GCM-SHA384")],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", secure("ECDHE-RSA-AES128-GCM-SHA256")],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", secure("ECDHE-RSA-AES256-GCM-SHA384")],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", secure("ECDHE-RSA-CHACHA20-POLY1305")],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", secure("ECDHE-ECDSA-CHACHA20-POLY1305")],
  ["TLS_RSA_WITH_AES_128_CBC_SHA", insecure("AES128-SHA")],
  ["TLS_RSA_WITH_AES_256_CBC_SHA", insecure("AES256-SHA")],
  ["TLS_RSA_WITH_AES_128_CBC_SHA256", insecure("AES128-SHA256")],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", insecure("AES128-GCM-SHA256")],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", insecure("AES256-GCM-SHA384")],
  ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", insecure(undefined)],
  ["TLS_RSA_WITH_RC4_128_SHA", insecure(undefined)],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", insecure("ECDHE-ECDSA-AES128-SHA256")],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", insecure("ECDHE-RSA-AES128-SHA256")],
  ["TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", insecure(undefined)],
  ["TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", insecure(undefined)],
  ["TLS_ECDHE_RSA_WITH_RC4_128_SHA", insecure(undefined)],
]);

const CURVES: ReadonlyMap<string, string> = new Map([
  ["X25519", "X25519"],
  ["CurveP256", "P-256"],
  ["CurveP384", "P-384"],
  ["CurveP521", "P-521"],
  ["X25519MLKEM768", "X25519MLKEM768"],
  ["SecP256r1MLKEM768", "SecP256r1MLKEM768"],
  ["SecP384r1MLKEM1024", "SecP384r1MLKEM1024"],
]);

export function isCipherSuite(name: string): boolean {
  return CIPHER_SUITES.has(name);
}

export function isInsecureCipherSuite(name: string): boolean {
  return CIPHER_SUITES.get(name)?.insecure === true;
}

/** OpenSSL's name of a suite; undefined when it is unknown or no longer implemented there. */
export function openSslCipherName(name: string): string | undefined {
  return CIPHER_SUITES.get(name)?.openSsl;
}

export function isCurve(name: string): boolean {
  return CURVES.has(name);
}

/** OpenSSL's name of a group; undefined when it is unknown. */
export function openSslCurveName(name: string): string | undefined {
  return CURVES.get(name);
}

export function cipherSuiteNames(): string[] {
  return [...CIPHER_SUITES.keys()];
}

export function curveNames(): string[] {
  return [...CURVES.keys()];
}
