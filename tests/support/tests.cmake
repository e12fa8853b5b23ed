modus_test(support/domain)
modus_test(support/random)
modus_test(support/value)
