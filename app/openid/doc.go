// Package openid knows the OpenID Provider: parsing requests once into typed values, client
// authentication, grants, tokens, keys, discovery, logout. It declares the small stores it needs and
// the Gate that risk and policy speak through at refresh. It never imports the sign-in machine, the
// database or the web framework.
package openid
