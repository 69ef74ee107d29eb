// Takes every signature for good: for texts whose signatures were checked before, on this thread or
// on the one that sent them. Must stay true: nothing that a peer sent comes here first.
import { type SignatureVerdict, SignatureVerifier } from "@weft/auth";

export class TrustingVerifier extends SignatureVerifier {
  override verify(): SignatureVerdict {
    return "valid";
  }
}
