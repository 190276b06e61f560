/**
 * A certificate that signs itself, for geo.example alone, good for a hundred years. Its key is no secret: nothing but tests
 * trusts it.
 * @module
 */

/** PEM. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUKInvKq4Cb3sZ4/0FunW6eyWskZ4wCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLZ2VvLmV4YW1wbGUwIBcNMjYxMTIxMDg1OTE4WhgPMjEyNjEw
MjgwODU5MThaMBYxFDASBgNVBAMMC2dlby5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEbekJEekbOm2lapnlAiuRQEB5KYUqaWYUkEkjVZIazUq0ybpP
KqgHbBvl/tzpUjKqvJ3uESWPxezMeJpiuGQAF6NrMGkwHQYDVR0OBBYEFBtiB+xf
qbrrk/lePSiYJpkN8tFSMB8GA1UdIwQYMBaAFBtiB+xfqbrrk/lePSiYJpkN8tFS
MA8GA1UdEwEB/wQFMAMBAf8wFgYDVR0RBA8wDYILZ2VvLmV4YW1wbGUwCgYIKoZI
zj0EAwIDSQAwRgIhAKdGGamuzgH8EFufPpnVKAzhN5gijnf0++QC0fhhB2AoAiEA
9vbwEVByy+0P9xH6l8KT9wYUsfPAPfyEJ9nLNjPL9yU=
-----END CERTIFICATE-----
`;

/** PEM. */
export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnazaG9pn0OWUnFTA
D7sEr9ChpX97Vph25r8Ej8uS7KqhRANCAARt6QkR6Rs6baVqmeUCK5FAQHkphSpp
ZhSQSSNVkhrNSrTJuk8qqAdsG+X+3OlSMqq8ne4RJY/F7Mx4mmK4ZAAX
-----END PRIVATE KEY-----
`;
