// The entry of the package: everything that other packages may use.
export { type AccountAnswer, AccountSource, type AccountSourcePorts } from "./account-source.ts";
export { DirectoryHost, type DirectoryHostPorts } from "./directory-host.ts";
export { type FileSystem, nodeFileSystem } from "./file-system.ts";
export { JwtDirectory } from "./jwt-directory.ts";
export { UrlFetcher, type UrlFetcherOptions, type UrlTlsOptions } from "./url-fetcher.ts";
