/** What a registry may be shown so that it lets somebody in. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token that buys access tokens (OAuth 2). */
  | { readonly kind: "identity-token"; readonly username: string; readonly token: string }
  /** A token for the registry itself, to be sent as it is. */
  | { readonly kind: "registry-token"; readonly token: string };
