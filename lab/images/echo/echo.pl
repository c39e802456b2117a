#!/usr/bin/perl
# Answers every HTTP request with the container's host name, the method, the path and the headers it got, as lines of
# text. Perl, because the base layer has it. One process per connection, which is closed after the answer.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;

$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = $SIG{INT} = sub { exit 0 };

my $port = $ENV{PORT} || 80;
my $listener = IO::Socket::INET->new(LocalPort => $port, Listen => 128, ReuseAddr => 1)
    or die "could not listen on port $port: $!\n";
print "listening on port $port\n";

while (1) {
    my $client = $listener->accept or next;
    my $child = fork;
    next if !defined $child || $child != 0;
    answer($client);
    exit 0;
}

sub answer {
    my ($client) = @_;
    alarm 10;
    my ($method, $path) = split / /, (<$client> // return);
    my ($headers, $length) = read_headers($client);
    read $client, my ($ignored), $length;
    my $body = "hostname: " . container_name() . "\nmethod: $method\npath: $path\n$headers";
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n",
        "Content-Length: ", length $body, "\r\n\r\n", $method eq 'HEAD' ? '' : $body;
    close $client;
}

sub read_headers {
    my ($client) = @_;
    my ($headers, $length) = ('', 0);
    while (my $line = <$client>) {
        $line =~ s/\r?\n$//;
        last if $line eq '';
        $headers .= "$line\n";
        $length = $1 if $line =~ /^content-length:\s*(\d+)/i;
    }
    return ($headers, $length);
}

sub container_name {
    open my $file, '<', '/etc/hostname' or return 'unknown';
    chomp(my $name = <$file> // 'unknown');
    return $name;
}
