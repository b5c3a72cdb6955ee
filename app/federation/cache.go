package federation

// Cache keeps what providers publish (metadata, keys) for the whole process. The zero value is ready.
type Cache struct{}
